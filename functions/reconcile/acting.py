"""What a sweep does: exempt users are handed to `release`, and the others are enforced."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.dynamodb.enforcement_table import AccountFlagWriter, AttachmentCounts, UserFlags
from aws.iam.attach import NoSuchUser, PolicyAttacher, Unenforceable
from aws.iam.users import NamedUsers
from aws.rate_limit import RateLimiter
from aws.sqs.queues import ReleaseQueue
from domain.enforcement.decision import (
    Attach,
    decide_enforcement,
    is_fresh,
    methods_in_order,
    reattachment_limit_reached,
)
from domain.enforcement.release_request import ReleaseRequest
from domain.enforcement.sweep import SweepOutcome, SweepPlan
from domain.users import NOT_COVERED, AccountUser

if TYPE_CHECKING:
    from domain.users import User
    from reconcile.settings import Settings
    from reconcile.survey import SweepReading

logger = Logger()

# IAM throttles per account, whoever calls: ops and their pipelines go first.
_WRITES_PER_SECOND = 5


def plan_only(plan: SweepPlan) -> SweepOutcome:
    """Change nothing, and say what would be done."""
    for user in plan.attach:
        logger.info("Would attach the policy", user_name=user.name, user_id=user.user_id)
    for found in plan.release:
        logger.info("Would ask for a release", user_name=found.user.name, user_id=found.user.user_id)
    return SweepOutcome(not_attempted=len(plan.attach))


def apply_plan(
    found: "SweepReading", settings: "Settings", looked_at: datetime, has_time: Callable[[], bool]
) -> SweepOutcome:
    """Do what was planned for as long as there is time; whoever fails keeps nobody else from being enforced.

    Releases come first: a service account that was just exempted has an outage until then. Who is held is remembered
    before anybody is attached, so that a detachment right after it frees nobody.
    """
    plan, outcome = found.plan, SweepOutcome()
    queue = ReleaseQueue(clients.sqs(), settings.release_queue_url)
    for exempt in plan.release:
        ask(exempt.user, queue, outcome)
    AccountFlagWriter(clients.dynamodb(), settings.marks_table).flag_previously_enforced(plan.remember)
    order = methods_in_order(settings.enforce_by, group_enforces=found.group.has_policy)
    enforcement = PolicyAttacher(clients.iam(), settings.policy_arn, settings.group_name, order)
    pace = RateLimiter(_WRITES_PER_SECOND, monotonic, sleep)
    for number, user in enumerate(plan.attach):
        if not has_time():
            outcome.not_attempted = len(plan.attach) - number
            break
        pace.wait()
        if attach(user, enforcement, outcome, is_due=partial(is_due, found=found, settings=settings, at=looked_at)):
            count(user, found, settings, outcome, looked_at)
    return outcome


def ask(user: "User", queue: ReleaseQueue, outcome: SweepOutcome) -> None:
    """Hand an exempt user over."""
    try:
        queue.ask(ReleaseRequest(user.user_id, user.name))
    except (ClientError, BotoCoreError):
        logger.exception("Release not asked for", user_name=user.name, user_id=user.user_id)
        outcome.release_not_requested.add(user.user_id)


def is_due(user: "User", found: "SweepReading", settings: "Settings", at: datetime) -> bool:
    """Tell whether the user is still to be enforced.

    A user whose turn comes late may have been exempted since the look at the account, or released for a deletion, or be
    gone, so the same rule decides again.
    """
    now = datetime.now(UTC)
    if is_fresh(at, now):
        return True
    now_known = NamedUsers(clients.iam()).find(user.name)
    if now_known is None or now_known.user_id != user.user_id:
        return False
    flags = UserFlags(clients.dynamodb(), settings.marks_table).read(user.user_id, now)
    decision = decide_enforcement(AccountUser(now_known, NOT_COVERED), found.rules, today=now.date(), flags=flags)
    return isinstance(decision, Attach)


def attach(user: "User", enforcement: PolicyAttacher, outcome: SweepOutcome, is_due: Callable[["User"], bool]) -> bool:
    """Enforce one user, and tell whether that was done."""
    try:
        if not is_due(user):
            logger.info("User needs nothing any more", user_name=user.name, user_id=user.user_id)
            return False
        method = enforcement.attach_to(user.name)
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


def count(user: "User", found: "SweepReading", settings: "Settings", outcome: SweepOutcome, at: datetime) -> None:
    """Count that the policy was put back on a user who had it before: somebody may keep taking it off."""
    if user.user_id not in found.flags.previously_enforced:
        return
    counts = AttachmentCounts(clients.dynamodb(), settings.marks_table)
    if reattachment_limit_reached(counts.so_far(user.user_id, at), settings.max_attachments_per_day):
        outcome.repeatedly_detached.append(user)
    counts.add(user.user_id, at)
