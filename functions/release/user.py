"""One user is let go: the user is read again first, so that a request that came late does nothing wrong."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.directory import UserLookup
from aws.marks import UserMarker
from aws.ops_topic import OpsTopic
from aws.release import Detachment
from domain.enforcement import DELETION_GRACE, Release, Rules, decide_enforcement
from domain.enforcement_notices import exempted
from domain.holds import holds_on

if TYPE_CHECKING:
    from domain.calls import Call
    from domain.release_requests import ReleaseRequest
    from domain.users import AccountUser
    from release.settings import Settings

logger = Logger()
metrics = Metrics()

# Long enough for any schedule of sweeps to find a user whose deletion was given up.
_SWEEPS = timedelta(days=31)


def release_exempt_user(request: "ReleaseRequest", settings: "Settings", now: datetime) -> None:
    """Let go of a user who is exempt, and say who exempted whom."""
    known = look_up(request.user_name, settings)
    if known is None or known.user.user_id != request.user_id:
        logger.info("User is gone", user_name=request.user_name, user_id=request.user_id)
        return
    match decide_enforcement(known, Rules(settings.exemptions), today=now.date()):
        case Release(user, exemption):
            remember_held(known, settings)
            let_go(known, settings, reason=exemption.reason, call=request.after)
            if not settings.dry_run:
                OpsTopic(clients.sns(), settings.ops_topic_arn).tell(exempted(user, exemption, request.after))
        case _:
            logger.info("User is not to be released", user_name=request.user_name, user_id=request.user_id)


def give_way_to_deletion(user_name: str, call: "Call", settings: "Settings", now: datetime) -> None:
    """Let go of a user whose deletion failed while we hold the user, so that the next try succeeds.

    The marks come first: whoever sees the user free of us must also see why. A time that is yet to come, as nobody but
    a forger writes it, frees nobody for longer.
    """
    until = min(call.at, now) + DELETION_GRACE
    known = look_up(user_name, settings)
    if known is None or not holds_on(known) or known.user.created > call.at or until <= now:
        logger.info("Deletion is not in our way", user_name=user_name, call_made_at=call.at)
        return
    remember_held(known, settings, until=until + _SWEEPS)
    if not settings.dry_run:
        UserMarker(clients.dynamodb(), settings.marks_table).leaving(known.user.user_id, until)
    let_go(known, settings, reason="being deleted", call=call)


def remember_held(known: "AccountUser", settings: "Settings", until: datetime | None = None) -> None:
    """Keep the user in scope whatever the user's age: an exemption may end after years, a deletion be given up."""
    if not settings.dry_run:
        UserMarker(clients.dynamodb(), settings.marks_table).held(known.user.user_id, until)


def look_up(user_name: str, settings: "Settings") -> "AccountUser | None":
    """Read the user as IAM knows the user now."""
    return UserLookup(clients.iam(), settings.policy_arn, settings.group_name).user(user_name)


def let_go(known: "AccountUser", settings: "Settings", *, reason: str, call: "Call | None") -> None:
    """Undo everything of ours that holds the user, and nothing else."""
    detachment = Detachment(clients.iam(), settings.policy_arn, settings.group_name)
    holds = holds_on(known)
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
            detachment.let_go(hold)
        logger.info("User released")
        metrics.add_metric("UsersReleased", MetricUnit.Count, 1)
