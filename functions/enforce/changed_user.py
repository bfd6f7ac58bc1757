"""A user whose policy was detached or whose exemption changed: read again, then decided like any other user."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws.iam.attach import NoSuchUser, Unenforceable
from domain.enforcement.decision import (
    Attach,
    LeaveAlone,
    Release,
    Rules,
    decide_enforcement,
    enforced_since,
    reattachment_limit_reached,
)
from domain.enforcement.release_request import ReleaseRequest
from domain.users import User
from enforce.publishing import publish_exemption, publish_unenforceable
from reports.enforcement_notices import reattachment_conflict

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.enforcement.decision import Decision
    from domain.users import AccountUser
    from enforce.adapters import Adapters
    from enforce.event import UserChanged

logger = Logger()
metrics = Metrics()


def enforce_changed_user(changed: "UserChanged", call: "ApiCall", adapters: "Adapters", now: datetime) -> None:
    """Decide about the user and act, and notify ops if the call exempts the user."""
    account_user = adapters.users.user(changed.user_name)
    try:
        publish_exemption(_as_the_call_left(changed, call, account_user), call, adapters, now)
    finally:
        # Must run even if publishing fails: a service account that was just exempted is down until its release.
        reattach_if_due(account_user, changed, call, adapters, now)


def _as_the_call_left(changed: "UserChanged", call: "ApiCall", account_user: "AccountUser | None") -> User:
    """Return the user with the tags and the path that the call set, and no others."""
    user_id = account_user.user.user_id if account_user and account_user.user.created <= call.at else ""
    return User(changed.user_name, user_id, changed.path or "/", changed.tags, call.at)


def reattach_if_due(
    account_user: "AccountUser | None", changed: "UserChanged", call: "ApiCall", adapters: "Adapters", now: datetime
) -> None:
    """Attach, request a release, or leave the user alone, by what IAM returns now."""
    flag_previously_enforced(account_user, changed, call, adapters)
    if account_user is None:
        logger.info("User is gone", user_name=changed.user_name)
        return
    deployed = adapters.policy.state().created
    rules = Rules(
        adapters.settings.exemptions,
        since=enforced_since(adapters.settings.existing_users, adapters.settings.existing_users_since, deployed),
    )
    flags = adapters.flags.read(account_user.user.user_id, now)
    decision = decide_enforcement(account_user, rules, today=now.date(), flags=flags)
    with logger.append_context_keys(
        user_name=account_user.user.name, user_id=account_user.user.user_id, call=call.name, caller=call.caller
    ):
        act(decision, call, adapters, now)


def flag_previously_enforced(
    account_user: "AccountUser | None", changed: "UserChanged", call: "ApiCall", adapters: "Adapters"
) -> None:
    """Remember that the policy was attached to the user, so that the user stays in scope at any age.

    The event has a name and no id. If no user has the name now, the event of its rename will show who had it.
    """
    if adapters.settings.dry_run:
        return
    flags = adapters.flags
    writer = adapters.flag_writer
    freed_before = changed.renamed_from is not None and flags.name_was_detached(changed.renamed_from, before=call.at)
    if not (changed.policy_detached or freed_before):
        return
    if account_user is None:
        writer.flag_name_detached(changed.user_name, call.at)
    elif account_user.user.created <= call.at:
        writer.flag_previously_enforced(account_user.user.user_id)


def act(decision: "Decision", call: "ApiCall", adapters: "Adapters", now: datetime) -> None:
    """Attach, request a release, or leave the user alone."""
    match decision:
        case Attach() | Release() if adapters.settings.dry_run:
            logger.info("Would act", decision=type(decision).__name__)
        case Attach(user):
            reattach(user, call, adapters, now)
        case Release(user, exemption):
            adapters.release_queue.ask(ReleaseRequest(user.user_id, user.name, call, adapters.account_number))
            logger.info("Release requested", reason=exemption.reason)
        case LeaveAlone(_, reason, exemption):
            logger.info("User left alone", reason=exemption.reason if exemption else reason)


def reattach(user: "User", call: "ApiCall", adapters: "Adapters", now: datetime) -> None:
    """Attach the policy again, up to the daily limit; only successful attachments count."""
    counts = adapters.attachment_counts
    times = counts.so_far(user.user_id, now)
    if reattachment_limit_reached(times, adapters.settings.max_attachments_per_day):
        logger.error("User left to the sweep", attachments_today=times)
        metrics.add_metric("UsersFoughtOver", MetricUnit.Count, 1)
        adapters.notices.publish(reattachment_conflict(user, times, call), user.user_id, now)
        return
    try:
        method = adapters.attacher.attach_to(user.name)
    except NoSuchUser:
        logger.info("User is gone")
        return
    except Unenforceable:
        publish_unenforceable(user, adapters, now)
        return
    counts.add(user.user_id, now)
    logger.info("Policy attached again", by=method, attachments_today=times + 1)
    metrics.add_metric("UsersReattached", MetricUnit.Count, 1)
