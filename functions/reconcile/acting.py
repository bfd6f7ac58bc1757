"""What a sweep does: exempt users are handed to `release`, and the others are enforced."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.enforcement import Enforcement, NoSuchUser, Unenforceable
from aws.named_users import NamedUsers
from aws.release_queue import ReleaseQueue
from domain.enforcement import is_fresh, ways
from domain.pace import Pace
from domain.release_requests import ReleaseRequest
from domain.sweep import SweepOutcome, SweepPlan

if TYPE_CHECKING:
    from domain.users import User
    from reconcile.settings import Settings
    from reconcile.survey import Found

logger = Logger()

# IAM throttles per account, whoever calls: ops and their pipelines go first.
_WRITES_PER_SECOND = 5


def plan_only(plan: SweepPlan) -> SweepOutcome:
    """Change nothing, and say what would be done."""
    for user in plan.attach:
        logger.info("Would attach the policy", user_name=user.name, user_id=user.user_id)
    for found in plan.release:
        logger.info("Would ask for a release", user_name=found.user.name, user_id=found.user.user_id)
    return SweepOutcome(left=len(plan.attach))


def carry_out(found: "Found", settings: "Settings", looked_at: datetime, has_time: Callable[[], bool]) -> SweepOutcome:
    """Do what was planned for as long as there is time; whoever fails keeps nobody else from being enforced.

    Releases come first: a service account that was just exempted has an outage until then.
    """
    plan, outcome = found.plan, SweepOutcome()
    queue = ReleaseQueue(clients.sqs(), settings.release_queue_url)
    for exempt in plan.release:
        ask(exempt.user, queue, outcome)
    order = ways(settings.enforce_by, group_enforces=found.group.has_policy)
    enforcement = Enforcement(clients.iam(), settings.policy_arn, settings.group_name, order)
    pace = Pace(_WRITES_PER_SECOND, monotonic, sleep)
    for number, user in enumerate(plan.attach):
        if not has_time():
            outcome.left = len(plan.attach) - number
            break
        pace.wait()
        attach(user, enforcement, outcome, is_due=partial(is_due, settings=settings, looked_at=looked_at))
    return outcome


def ask(user: "User", queue: ReleaseQueue, outcome: SweepOutcome) -> None:
    """Hand an exempt user over."""
    try:
        queue.ask(ReleaseRequest(user.user_id, user.name))
    except (ClientError, BotoCoreError):
        logger.exception("Release not asked for", user_name=user.name, user_id=user.user_id)
        outcome.unasked += 1


def is_due(user: "User", settings: "Settings", looked_at: datetime) -> bool:
    """Tell whether the user is still to be enforced: one whose turn comes late may have been exempted, or be gone."""
    now = datetime.now(UTC)
    if is_fresh(looked_at, now):
        return True
    found = NamedUsers(clients.iam()).find(user.name)
    if found is None or found.user_id != user.user_id:
        return False
    return settings.exemptions.exemption_of(found, now.date()) is None


def attach(user: "User", enforcement: Enforcement, outcome: SweepOutcome, is_due: Callable[["User"], bool]) -> None:
    """Enforce one user."""
    try:
        if not is_due(user):
            logger.info("User needs nothing any more", user_name=user.name, user_id=user.user_id)
            outcome.gone += 1
            return
        means = enforcement.put_on(user.name)
    except NoSuchUser:
        outcome.gone += 1
    except Unenforceable:
        logger.error("User cannot be enforced", user_name=user.name, user_id=user.user_id)  # noqa: TRY400
        outcome.unenforceable.append(user)
    except (ClientError, BotoCoreError):
        logger.exception("Policy not attached", user_name=user.name, user_id=user.user_id)
        outcome.failed += 1
    else:
        logger.info("Policy attached", user_name=user.name, user_id=user.user_id, by=means)
        outcome.attached += 1
