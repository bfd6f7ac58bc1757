"""A new user: the facts come from the record, so that the usual way is a single call."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws.enforcement import NoSuchUser, Unenforceable
from domain.enforcement import Attach, LeaveAlone, Rules, decide_enforcement, may_still_appear
from domain.users import AccountUser, Standing
from enforce.attaching import enforcement, tell_unenforceable

if TYPE_CHECKING:
    from domain.users import User
    from enforce.settings import Settings

logger = Logger()
metrics = Metrics()


def enforce_new_user(user: "User", settings: "Settings", now: datetime) -> None:
    """Attach the policy unless the user is exempt."""
    match decide_enforcement(AccountUser(user, Standing()), Rules(settings.exemptions), today=now.date()):
        case Attach() if settings.dry_run:
            logger.info("Would attach the policy", user_name=user.name, user_id=user.user_id)
        case Attach():
            attach(user, settings, now)
        case LeaveAlone(_, _, exemption) if exemption:
            logger.info("User left alone", user_name=user.name, reason=exemption.reason, until=exemption.until)
            metrics.add_metric("NewUsersExempt", MetricUnit.Count, 1)


def attach(user: "User", settings: "Settings", now: datetime) -> None:
    """Attach the policy; a user whom IAM does not know yet goes back to the queue, one who is gone is done."""
    try:
        means = enforcement(settings).put_on(user.name)
    except NoSuchUser:
        if may_still_appear(user.created, now):
            raise
        logger.info("User is gone", user_name=user.name)
        return
    except Unenforceable:
        tell_unenforceable(user, settings, now)
        return
    delay = (datetime.now(now.tzinfo) - user.created).total_seconds()
    logger.info("Policy attached", user_name=user.name, user_id=user.user_id, by=means, seconds_after_creation=delay)
    metrics.add_metric("NewUsersEnforced", MetricUnit.Count, 1)
    metrics.add_metric("EnforcementDelay", MetricUnit.Seconds, delay)
