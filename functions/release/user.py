"""Detaches the policy from one user. The user is read first, so that a late request does no harm."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from domain.enforcement.attachments import attachments_of
from domain.enforcement.decision import DELETION_GRACE, Release, Rules, decide_enforcement
from domain.enforcement.deletion import blocks_deletion, deletion_grace_left
from release.reopening import reopen_exempt_user
from reports.enforcement_notices import deletion_grace_exhausted, detached_for_deletion, exemptions_found

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.enforcement.release_request import ReleaseRequest
    from domain.users import AccountUser
    from release.adapters import Adapters
    from release.event import FailedDeletion

logger = Logger()
metrics = Metrics()

_BEING_DELETED = "being deleted"
# Long enough for any schedule of sweeps to find a user who was not deleted after all.
_SWEEPS = timedelta(days=31)


def release_exempt_user(request: "ReleaseRequest", adapters: "Adapters", now: datetime) -> None:
    """Release a user who is exempt.

    The caller in the request is only logged, because a sender can write any name. `enforce` publishes who exempted the
    user, and the sweep publishes the exemptions that it found.
    """
    account_user = adapters.users.user(request.user_name)
    if account_user is None or account_user.user.user_id != request.user_id:
        logger.info("User is gone", user_name=request.user_name, user_id=request.user_id)
        return
    match decide_enforcement(account_user, Rules(adapters.settings.exemptions), today=now.date()):
        case Release(exemption=exemption) as decision:
            if request.after and not adapters.settings.dry_run:
                publish_unknown_exemption(decision, adapters)
            flag_previously_enforced(account_user, adapters)
            detach(account_user, adapters, reason=exemption.reason, call=request.after)
            reopen_exempt_user(account_user.user, adapters)
        case _:
            logger.info("User not released", user_name=request.user_name, user_id=request.user_id)


def publish_unknown_exemption(decision: Release, adapters: "Adapters") -> None:
    """Publish an exemption that was not published yet, such as one whose request release 1.0.0 sent."""
    user_id, summary = decision.user.user_id, decision.exemption.summary
    if adapters.flags.published_exemption(user_id) != summary:
        adapters.topic.publish(exemptions_found([decision]))
        adapters.flag_writer.record_exemption(user_id, summary)


def detach_for_deletion(deletion: "FailedDeletion", adapters: "Adapters", now: datetime) -> None:
    """Detach the policy from a user whose deletion failed because of it, so that the next try succeeds.

    Clamp timestamps in the future (only a forged event has one) so that they cannot extend the grace period.
    """
    call, until = deletion.call, min(deletion.call.at, now) + DELETION_GRACE
    account_user = adapters.users.user(deletion.user_name)
    if account_user is None or account_user.user.created > call.at or until <= now:
        logger.info("Deletion is over", user_name=deletion.user_name, call_made_at=call.at)
    elif not blocks_deletion(account_user.coverage, deletion.message):
        logger.info("Deletion failed for another reason", user_name=deletion.user_name, conflict=deletion.message)
    elif adapters.settings.dry_run:
        detach(account_user, adapters, reason=_BEING_DELETED, call=call)
    else:
        detach_unless_exhausted(account_user, call, adapters, now, until)


def detach_unless_exhausted(
    account_user: "AccountUser", call: "ApiCall", adapters: "Adapters", now: datetime, until: datetime
) -> None:
    """Detach the policy from a user until then, unless this was done too often.

    The flags are written first, so that a function that reads the user without the policy also reads why.
    """
    user = account_user.user
    times = adapters.deletion_counts.so_far(user.user_id, now)
    if not deletion_grace_left(times):
        logger.error(
            "Policy not detached for a deletion again", user_name=user.name, user_id=user.user_id, times_this_week=times
        )
        metrics.add_metric("DeletionsRefused", MetricUnit.Count, 1)
        adapters.notices.publish(deletion_grace_exhausted(user, times, call), f"{user.user_id}#no-more", now)
        return
    adapters.notices.publish(detached_for_deletion(user, call), user.user_id, now)
    flag_previously_enforced(account_user, adapters, until=until + _SWEEPS)
    adapters.flag_writer.flag_deletion_pending(user.user_id, until)
    detach(account_user, adapters, reason=_BEING_DELETED, call=call)
    adapters.deletion_counts.add(user.user_id, now)


def flag_previously_enforced(account_user: "AccountUser", adapters: "Adapters", until: datetime | None = None) -> None:
    """Keep the user in scope at any age: the exemption may end after years, or the user may not be deleted."""
    if not adapters.settings.dry_run:
        adapters.flag_writer.flag_previously_enforced(account_user.user.user_id, until)


def detach(account_user: "AccountUser", adapters: "Adapters", *, reason: str, call: "ApiCall | None") -> None:
    """Detach our policy and remove the user from our group, and nothing else."""
    attachments = attachments_of(account_user)
    with logger.append_context_keys(
        user_name=account_user.user.name,
        user_id=account_user.user.user_id,
        reason=reason,
        released_from=[attachment.by for attachment in attachments],
        call=call.name if call else None,
        caller=call.caller if call else None,
    ):
        if adapters.settings.dry_run:
            logger.info("Would release the user")
            return
        for attachment in attachments:
            adapters.detacher.detach(attachment)
        logger.info("User released")
        metrics.add_metric("UsersReleased", MetricUnit.Count, 1)
