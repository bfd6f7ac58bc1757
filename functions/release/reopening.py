"""Reopens a closed user who is exempt or enrolled, or whose password ops have set since."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.window import CLOSED_TAG, WindowFacts, WindowState, decide_window

if TYPE_CHECKING:
    from domain.enrolment.window_request import WindowRequest
    from domain.users import User
    from release.adapters import Adapters

logger = Logger()
metrics = Metrics()


def reopen_user(request: "WindowRequest", adapters: "Adapters", now: datetime) -> None:
    """Read the user again, decide by the same rule as the run that sent the request, and reopen the user."""
    account_user = adapters.users.user(request.user_name)
    if account_user is None or account_user.user.user_id != request.user_id:
        logger.info("User is gone", user_name=request.user_name, user_id=request.user_id)
        return
    user, settings = account_user.user, adapters.settings
    facts = WindowFacts(
        user=user,
        enrolment=_enrolment(user, adapters, now),
        password=None,
        enforced=account_user.coverage.enforced(),
        closed_on=request.closed_on,
        password_set=request.password_set,
    )
    window = decide_window(facts, settings.window, now.astimezone(settings.window.zone).date())
    if window.state is WindowState.REOPENING:
        reopen(user, adapters, reason=facts.enrolment)
    else:
        logger.info("User not reopened", user_name=user.name, user_id=user.user_id, window=window.state)


def reopen_exempt_user(user: "User", adapters: "Adapters") -> None:
    """Reopen a user who is exempt; without a limit the tag has no effect, and ops may use it themselves."""
    if adapters.settings.window.days and user.has_tag(CLOSED_TAG):
        reopen(user, adapters, reason=EnrolmentStatus.EXEMPT)


def reopen(user: "User", adapters: "Adapters", *, reason: EnrolmentStatus) -> None:
    """Remove the tag."""
    if adapters.settings.dry_run:
        logger.info("Would reopen the user", user_name=user.name, user_id=user.user_id, enrolment=reason)
        return
    adapters.reopener.reopen(user.name)
    logger.info("User reopened", user_name=user.name, user_id=user.user_id, enrolment=reason)
    metrics.add_metric("UsersReopened", MetricUnit.Count, 1)


def _enrolment(user: "User", adapters: "Adapters", now: datetime) -> EnrolmentStatus:
    if adapters.settings.exemptions.exemption_of(user, now.date()) is not None:
        return EnrolmentStatus.EXEMPT
    has_device = bool(adapters.devices.serial_numbers_of(user.name))
    return EnrolmentStatus.ENROLLED if has_device else EnrolmentStatus.UNENROLLED
