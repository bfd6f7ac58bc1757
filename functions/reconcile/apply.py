"""The actions of a sweep: it requests releases for exempt users, and enforces the others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws.iam.attach import NoSuchUser, PolicyAttacher, Unenforceable
from aws.rate_limit import RateLimiter
from domain.enforcement.decision import (
    Attach,
    decide_enforcement,
    is_fresh,
    reattachment_limit_reached,
)
from domain.enforcement.enforcement_message import EnforcementMailKind, EnforcementMessage
from domain.enforcement.release_request import ReleaseRequest
from domain.enforcement.sweep import SweepOutcome, SweepPlan
from domain.users import NOT_COVERED, AccountUser

if TYPE_CHECKING:
    from domain.users import User
    from reconcile.adapters import Adapters
    from reconcile.reading import SweepReading

logger = Logger()

# IAM throttles each account as a whole: ops and their pipelines take precedence.
_WRITES_PER_SECOND = 5


def apply_nothing(plan: SweepPlan) -> SweepOutcome:
    """Change nothing, and log what would be done."""
    for user in plan.attach:
        logger.info("Would attach the policy", user_name=user.name, user_id=user.user_id)
    for release in plan.release:
        logger.info("Would request a release", user_name=release.user.name, user_id=release.user.user_id)
    return SweepOutcome(not_attempted=len(plan.attach))


def apply_plan(
    plan: SweepPlan, reading: "SweepReading", adapters: "Adapters", has_time: Callable[[], bool]
) -> SweepOutcome:
    """Act on the plan as long as there is time; one failure does not affect other users.

    Releases come first: a service account that was just exempted has an outage until then. Users are flagged as
    previously enforced before the policy is attached, so that a detachment right after it exempts nobody.
    """
    outcome = SweepOutcome()
    for exempt in plan.release:
        request_release(exempt.user, adapters, outcome)
    adapters.account_flag_writer.flag_previously_enforced(plan.remember)
    attacher = adapters.attacher(group_enforces=reading.group.has_policy)
    rate = RateLimiter(_WRITES_PER_SECOND, monotonic, sleep)
    for number, user in enumerate(plan.attach):
        if not has_time():
            outcome.not_attempted = len(plan.attach) - number
            break
        rate.wait()
        prepare = partial(prepare_attachment, reading=reading, adapters=adapters)
        if attach(user, attacher, outcome, prepare):
            count_reattachment(user, reading, adapters, outcome)
            if user.user_id in reading.flags.due:
                outcome.newly_enforced.append(user)
    return outcome


def request_release(user: "User", adapters: "Adapters", outcome: SweepOutcome) -> None:
    """Request the release of an exempt user."""
    try:
        adapters.release_queue.ask(ReleaseRequest(user.user_id, user.name, account=adapters.account.number))
    except (ClientError, BotoCoreError):
        logger.exception("Release not requested", user_name=user.name, user_id=user.user_id)
        outcome.release_not_requested.add(user.user_id)


def is_due(user: "User", reading: "SweepReading", adapters: "Adapters") -> bool:
    """Return whether the user must still be enforced.

    Late in a sweep, the user may have been exempted since the account was read, or released for a deletion, or be gone,
    so the same rule decides again.
    """
    now = datetime.now(UTC)
    if is_fresh(reading.at, now):
        return True
    current = adapters.named_users.find(user.name)
    if current is None or current.user_id != user.user_id:
        return False
    # The day of a due user may have been moved meanwhile.
    local_today = now.astimezone(adapters.settings.zone).date()
    still_due = user.user_id in reading.flags.due and (reading.rules.dates.day_of(current) or date.max) <= local_today
    flags = replace(adapters.user_flags.read(user.user_id, now), due=frozenset({user.user_id} if still_due else ()))
    decision = decide_enforcement(AccountUser(current, NOT_COVERED), reading.rules, today=now.date(), flags=flags)
    return isinstance(decision, Attach)


def message_for(user: "User", reading: "SweepReading", adapters: "Adapters") -> EnforcementMessage | None:
    """Return the message on which a user is mailed that enforcement has begun; new users get a welcome instead."""
    day = reading.rules.dates.day_of(user)
    if user.user_id not in reading.flags.due or day is None:
        return None
    return EnforcementMessage(
        kind=EnforcementMailKind.ENFORCED,
        cause=f"{EnforcementMailKind.ENFORCED}#{day}",
        user_name=user.name,
        user_id=user.user_id,
        day=day,
        at=reading.at,
        since=None,
        account=adapters.account.number,
    )


def prepare_attachment(user: "User", reading: "SweepReading", adapters: "Adapters") -> bool:
    """Return whether the user must still be enforced; if so, the mail that says so is queued first.

    If the run is cut off in between, the next one finds the user due again, and the mail is sent once all the same.
    """
    if not is_due(user, reading, adapters):
        return False
    message = message_for(user, reading, adapters)
    if message is not None and adapters.settings.sender:
        adapters.mail_queue.send_later(message)
    return True


def attach(user: "User", attacher: PolicyAttacher, outcome: SweepOutcome, prepare: Callable[["User"], bool]) -> bool:
    """Enforce one user, and return whether the policy was attached."""
    try:
        if not prepare(user):
            logger.info("User no longer due", user_name=user.name, user_id=user.user_id)
            return False
        method = attacher.attach_to(user.name)
    except NoSuchUser:
        logger.info("User is gone", user_name=user.name, user_id=user.user_id)
    except Unenforceable:
        logger.error("User cannot be enforced", user_name=user.name, user_id=user.user_id)  # noqa: TRY400
        outcome.unenforceable.append(user)
    except (ClientError, BotoCoreError):
        logger.exception("Policy not attached", user_name=user.name, user_id=user.user_id)
        outcome.failed += 1
    else:
        logger.info("Policy attached", user_name=user.name, user_id=user.user_id, by=method)
        outcome.attached += 1
        return True
    return False


def count_reattachment(user: "User", reading: "SweepReading", adapters: "Adapters", outcome: SweepOutcome) -> None:
    """Count a reattachment: another tool may keep detaching the policy."""
    if user.user_id not in reading.flags.previously_enforced:
        return
    counts = adapters.attachment_counts
    if reattachment_limit_reached(counts.so_far(user.user_id, reading.at), adapters.settings.max_attachments_per_day):
        outcome.repeatedly_detached.append(user)
    counts.add(user.user_id, reading.at)
