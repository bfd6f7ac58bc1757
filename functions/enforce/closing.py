"""Closes a user whose window has ended, and asks to reopen one whose password ops have set."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from domain.enforcement.enforcement_message import EnforcementMailKind, EnforcementMessage
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.window import CLOSED_TAG, Window, WindowFacts, WindowState, decide_window
from domain.enrolment.window_request import WindowChange, WindowRequest

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.users import AccountUser
    from enforce.adapters import Adapters

logger = Logger()
metrics = Metrics()


def close_user(request: WindowRequest, adapters: "Adapters", now: datetime) -> None:
    """Read the user again, decide by the same rule as the run that sent the request, and close the user."""
    account_user = adapters.users.user(request.user_name)
    if account_user is None or account_user.user.user_id != request.user_id:
        logger.info("User is gone", user_name=request.user_name, user_id=request.user_id)
        return
    with logger.append_context_keys(user_name=account_user.user.name, user_id=request.user_id):
        facts = read_facts(account_user, adapters, now)
        today = now.astimezone(adapters.settings.window.zone).date()
        window = decide_window(facts, adapters.settings.window, today)
        act(window, facts, adapters, now)


def read_facts(account_user: "AccountUser", adapters: "Adapters", now: datetime) -> WindowFacts:
    """Read what the decision needs; the devices come last, so that a user who has just registered one is not closed."""
    user = account_user.user
    record = adapters.closing.people.named([user.user_id]).get(user.user_id)
    password = adapters.closing.login_profiles.has_password(user.name)
    exempt = adapters.settings.exemptions.exemption_of(user, now.date()) is not None
    devices = adapters.closing.devices.serial_numbers_of(user.name)
    free = EnrolmentStatus.EXEMPT if exempt else EnrolmentStatus.ENROLLED
    return WindowFacts(
        user=user,
        enrolment=EnrolmentStatus.UNENROLLED if devices == () and not exempt else free,
        password=password,
        enforced=account_user.coverage.enforced(),
        until=record.window_until if record else None,
        closed_on=record.closed_on if record else None,
        signed_in=user.signed_in.date() if user.signed_in else None,
    )


def act(window: Window, facts: WindowFacts, adapters: "Adapters", now: datetime) -> None:
    """Close the user, unless the window has not ended.

    The mail is queued first, as `notify` sends it only if the tag is there. The day is remembered last: if this
    function is killed before, the second delivery finds the tag, and remembers the day then. Without it, a run would
    close a user again although ops reopened the user meanwhile.
    """
    today = now.astimezone(adapters.settings.window.zone).date()
    match window.state:
        case WindowState.ENDED if adapters.settings.dry_run:
            logger.info("Would close the user", until=window.until)
        case WindowState.ENDED:
            adapters.closing.mails.send_later(closed_mail(window, facts, adapters, now))
            adapters.closing.closer.close(facts.user.name, now)
            adapters.closing.closed_people.record(facts.user.user_id, today)
            logger.info("User closed", until=window.until)
            metrics.add_metric("UsersClosed", MetricUnit.Count, 1)
        case WindowState.CLOSED if facts.closed_on is None and not adapters.settings.dry_run:
            adapters.closing.closed_people.record(facts.user.user_id, today)
        case state:
            logger.info("User not closed", window=state, enrolment=facts.enrolment)


def closed_mail(window: Window, facts: WindowFacts, adapters: "Adapters", now: datetime) -> EnforcementMessage:
    """Return the mail to the user; there is one for each window, which its last day names."""
    return EnforcementMessage(
        kind=EnforcementMailKind.CLOSED,
        cause=f"{EnforcementMailKind.CLOSED}#{window.until}",
        user_name=facts.user.name,
        user_id=facts.user.user_id,
        day=now.astimezone(adapters.settings.window.zone).date(),
        at=now,
        since=None,
        account=adapters.account_number,
    )


def ask_to_reopen(user_name: str, call: "ApiCall", adapters: "Adapters") -> None:
    """Ask `release` to reopen a closed user, who has a new password; `release` decides, and only it can reopen."""
    user = adapters.named_users.find(user_name)
    if user is None or user.created > call.at or not user.has_tag(CLOSED_TAG):
        logger.info("User is not closed", user_name=user_name, call=call.name)
        return
    adapters.reopenings.ask(
        WindowRequest(WindowChange.REOPEN, user.user_id, user.name, adapters.account_number, password_set=call.at)
    )
    logger.info("Reopening requested", user_name=user.name, user_id=user.user_id, call=call.name, caller=call.caller)
