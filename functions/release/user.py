"""One user is let go: the user is read again first, so that a request that came late does nothing wrong."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.dynamodb.enforcement_table import DeletionCounts, NoticeThrottle, UserFlags, UserFlagWriter
from aws.iam.detach import PolicyDetacher
from aws.iam.users import UserLookup
from aws.sns import DailyNotices, OpsTopic
from domain.enforcement.attachments import attachments_of
from domain.enforcement.decision import DELETION_GRACE, Release, Rules, decide_enforcement
from domain.enforcement.deletion import blocks_deletion, deletion_grace_left
from reports.enforcement_notices import deletion_grace_exhausted, detached_for_deletion, exemptions_found

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.enforcement.release_request import ReleaseRequest
    from domain.users import AccountUser
    from release.event import FailedDeletion
    from release.settings import Settings

logger = Logger()
metrics = Metrics()

_BEING_DELETED = "being deleted"
# Long enough for any schedule of sweeps to find a user whose deletion was given up.
_SWEEPS = timedelta(days=31)


def release_exempt_user(request: "ReleaseRequest", settings: "Settings", now: datetime) -> None:
    """Release a user who is exempt.

    The caller in the request is only logged, because any sender can write any name. `enforce` has told ops who
    exempted the user, and the sweep tells what it found.
    """
    known = look_up(request.user_name, settings)
    if known is None or known.user.user_id != request.user_id:
        logger.info("User is gone", user_name=request.user_name, user_id=request.user_id)
        return
    match decide_enforcement(known, Rules(settings.exemptions), today=now.date()):
        case Release(exemption=exemption) as found:
            if request.after and not settings.dry_run:
                publish_unknown_exemption(found, settings)
            flag_previously_enforced(known, settings)
            detach(known, settings, reason=exemption.reason, call=request.after)
        case _:
            logger.info("User is not to be released", user_name=request.user_name, user_id=request.user_id)


def publish_unknown_exemption(found: Release, settings: "Settings") -> None:
    """Tell ops of an exemption that they do not know of, such as one whose request release 1.0.0 sent."""
    user_id, summary = found.user.user_id, found.exemption.summary
    if UserFlags(clients.dynamodb(), settings.marks_table).published_exemption(user_id) != summary:
        OpsTopic(clients.sns(), settings.ops_topic_arn).publish(exemptions_found([found]))
        UserFlagWriter(clients.dynamodb(), settings.marks_table).record_exemption(user_id, summary)


def detach_for_deletion(deletion: "FailedDeletion", settings: "Settings", now: datetime) -> None:
    """Let go of a user whose deletion failed because we hold the user, so that the next try succeeds.

    A time that is yet to come, as nobody but a forger writes it, frees nobody for longer.
    """
    call, until = deletion.call, min(deletion.call.at, now) + DELETION_GRACE
    known = look_up(deletion.user_name, settings)
    if known is None or known.user.created > call.at or until <= now:
        logger.info("Deletion is over", user_name=deletion.user_name, call_made_at=call.at)
    elif not blocks_deletion(known.coverage, deletion.message):
        logger.info("Deletion failed for another reason", user_name=deletion.user_name, conflict=deletion.message)
    elif settings.dry_run:
        detach(known, settings, reason=_BEING_DELETED, call=call)
    else:
        detach_unless_exhausted(known, call, settings, now, until)


def detach_unless_exhausted(
    known: "AccountUser", call: "ApiCall", settings: "Settings", now: datetime, until: datetime
) -> None:
    """Let go of a user until then, unless that was done too often.

    The marks come first: whoever sees the user free of us must also see why.
    """
    user, daily = known.user, daily_notices(settings)
    counts = DeletionCounts(clients.dynamodb(), settings.marks_table)
    times = counts.so_far(user.user_id, now)
    if not deletion_grace_left(times):
        logger.error("User is not let go again", user_name=user.name, user_id=user.user_id, times_this_week=times)
        metrics.add_metric("DeletionsRefused", MetricUnit.Count, 1)
        daily.publish(deletion_grace_exhausted(user, times, call), f"{user.user_id}#no-more", now)
        return
    daily.publish(detached_for_deletion(user, call), user.user_id, now)
    flag_previously_enforced(known, settings, until=until + _SWEEPS)
    UserFlagWriter(clients.dynamodb(), settings.marks_table).flag_deletion_pending(user.user_id, until)
    detach(known, settings, reason=_BEING_DELETED, call=call)
    counts.add(user.user_id, now)


def daily_notices(settings: "Settings") -> DailyNotices:
    """Return the way to ops that does not repeat itself."""
    return DailyNotices(
        OpsTopic(clients.sns(), settings.ops_topic_arn), NoticeThrottle(clients.dynamodb(), settings.marks_table)
    )


def flag_previously_enforced(known: "AccountUser", settings: "Settings", until: datetime | None = None) -> None:
    """Keep the user in scope whatever the user's age: an exemption may end after years, a deletion be given up."""
    if not settings.dry_run:
        UserFlagWriter(clients.dynamodb(), settings.marks_table).flag_previously_enforced(known.user.user_id, until)


def look_up(user_name: str, settings: "Settings") -> "AccountUser | None":
    """Read the user as IAM knows the user now."""
    return UserLookup(clients.iam(), settings.policy_arn, settings.group_name).user(user_name)


def detach(known: "AccountUser", settings: "Settings", *, reason: str, call: "ApiCall | None") -> None:
    """Undo everything of ours that holds the user, and nothing else."""
    detacher = PolicyDetacher(clients.iam(), settings.policy_arn, settings.group_name)
    holds = attachments_of(known)
    with logger.append_context_keys(
        user_name=known.user.name,
        user_id=known.user.user_id,
        reason=reason,
        released_from=[hold.by for hold in holds],
        call=call.name if call else None,
        caller=call.caller if call else None,
    ):
        if settings.dry_run:
            logger.info("Would release the user")
            return
        for hold in holds:
            detacher.detach(hold)
        logger.info("User released")
        metrics.add_metric("UsersReleased", MetricUnit.Count, 1)
