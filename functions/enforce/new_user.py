"""A new user: the facts come from the record, so the usual case needs only one call."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws.iam.attach import NoSuchUser, Unenforceable
from domain.enforcement.decision import Attach, LeaveAlone, Rules, decide_enforcement, is_fresh
from domain.users import AccountUser, PolicyCoverage, may_still_appear
from enforce.publishing import publish_exemption, publish_unenforceable

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.enforcement.decision import Decision
    from domain.users import User
    from enforce.adapters import Adapters

logger = Logger()
metrics = Metrics()


def enforce_new_user(user: "User", call: "ApiCall", adapters: "Adapters", now: datetime, *, tries: int) -> None:
    """Attach the policy, or notify ops if the user is exempt; `tries` includes this one.

    If IAM does not return the user yet, the message goes back to the queue; if the user is gone, it is done.
    """
    try:
        publish_exemption(user, call, adapters, now)
    finally:
        enforce(
            user, adapters, now, first_look=tries == 1 and is_fresh(user.created, now, adapters.settings.change_delay)
        )


def enforce(user: "User", adapters: "Adapters", now: datetime, *, first_look: bool) -> None:
    """Decide by the record, or on a retry by what IAM returns, and act."""
    try:
        act(decide(user, adapters, now) if first_look else decide_again(user, adapters, now), adapters, now)
    except NoSuchUser:
        if may_still_appear(user.created, now):
            raise
        logger.info("User is gone", user_name=user.name)


def decide(user: "User", adapters: "Adapters", now: datetime) -> "Decision":
    """Decide by the record."""
    return decide_enforcement(
        AccountUser(user, PolicyCoverage()), Rules(adapters.settings.exemptions), today=now.date()
    )


def decide_again(recorded: "User", adapters: "Adapters", now: datetime) -> "Decision":
    """Decide by what IAM returns now: the user may have been exempted after the record was written.

    The coverage is not read, because attaching again changes nothing. Raises NoSuchUser if the name belongs to nobody
    or to another user: a rename and a new user have their own events.
    """
    user = adapters.named_users.find(recorded.name)
    if user is None or user.user_id != recorded.user_id:
        raise NoSuchUser(recorded.name)
    flags = adapters.flags.read(user.user_id, now)
    account_user, rules = AccountUser(user, PolicyCoverage()), Rules(adapters.settings.exemptions)
    return decide_enforcement(account_user, rules, today=now.date(), flags=flags)


def act(decision: "Decision", adapters: "Adapters", now: datetime) -> None:
    """Attach, or leave the user alone."""
    match decision:
        case Attach(user) if adapters.settings.dry_run:
            logger.info("Would attach the policy", user_name=user.name, user_id=user.user_id)
        case Attach(user):
            attach(user, adapters, now)
        case LeaveAlone(user, _, exemption) if exemption:
            logger.info("User left alone", user_name=user.name, reason=exemption.reason, until=exemption.until)
            metrics.add_metric("NewUsersExempt", MetricUnit.Count, 1)
        case LeaveAlone(user, reason):
            logger.info("User left alone", user_name=user.name, reason=reason)


def attach(user: "User", adapters: "Adapters", now: datetime) -> None:
    """Attach the policy; raises NoSuchUser."""
    try:
        method = adapters.attacher.attach_to(user.name)
    except Unenforceable:
        publish_unenforceable(user, adapters, now)
        return
    delay = (datetime.now(now.tzinfo) - user.created).total_seconds()
    logger.info("Policy attached", user_name=user.name, user_id=user.user_id, by=method, seconds_after_creation=delay)
    metrics.add_metric("NewUsersEnforced", MetricUnit.Count, 1)
    metrics.add_metric("EnforcementDelay", MetricUnit.Seconds, delay)
