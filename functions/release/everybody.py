"""The stack is being deleted: everybody is let go first, for a policy that is attached cannot be deleted.

What enforces is gone by then (template.yaml has it depend on this resource), so nobody is attached again meanwhile.
CloudFormation waits for an answer, and gets one whatever happens: without it the deletion would hang for an hour, and a
refusal would leave the stack in DELETE_FAILED.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.iam.detach import PolicyAttachments, PolicyDetacher
from aws.lambda_ import Continuation
from aws.rate_limit import RateLimiter
from aws.sns import OpsTopic
from release.settings import Settings
from reports.enforcement_notices import detach_incomplete

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.enforcement.attachments import Attachment

logger = Logger()

_WRITES_PER_SECOND = 5
_RUN = "MfaEnforcerRun"
_MOST_RUNS = 15
_RESERVE_MILLISECONDS = 15_000
_PAUSE_BETWEEN_RUNS = 5


@dataclass(frozen=True, slots=True)
class Left:
    """What a run leaves: the holds that it still finds, and whether everything could be read."""

    holds: Sequence["Attachment"]
    readable: bool


def release_everybody(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> str | None:
    """Run once over everybody; return what there is to answer, or None where another run follows."""
    settings = Settings.from_environment(environment)
    run = int(event.raw_event.get(_RUN, 1))
    holds = PolicyAttachments(clients.iam(), settings.policy_arn, settings.group_name)
    undo(read(holds).holds, settings, context)
    left = read(holds)
    if run < _MOST_RUNS and (left.holds or not left.readable):
        logger.info("Releasing goes on", run=run, left=len(left.holds), readable=left.readable)
        sleep(_PAUSE_BETWEEN_RUNS)
        Continuation(clients.lambda_(), context.invoked_function_arn).start_next_run({**event.raw_event, _RUN: run + 1})
        return None
    return publish_what_is_left(left, boundaries_of(holds), settings, run)


def read(holds: PolicyAttachments) -> Left:
    """Read every hold that can be read: a group that cannot be keeps nobody from being detached from the policy."""
    found: list[Attachment] = []
    readable = True
    for part in (holds.attachments, holds.members):
        try:
            found.extend(part())
        except (ClientError, BotoCoreError):
            logger.exception("Not everybody could be looked up", part=part.__name__)
            readable = False
    return Left(found, readable)


def undo(found: Sequence["Attachment"], settings: Settings, context: "LambdaContext") -> None:
    """Undo every hold that time allows."""
    detacher = PolicyDetacher(clients.iam(), settings.policy_arn, settings.group_name)
    pace = RateLimiter(_WRITES_PER_SECOND, monotonic, sleep)
    for number, hold in enumerate(found):
        if context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS:
            break
        if number % 100 == 0:
            logger.info("Releasing everybody", released=number, found=len(found))
        pace.wait()
        try:
            detacher.detach(hold)
        except (ClientError, BotoCoreError):
            logger.exception("Not released", released_from=hold.by, name_held=hold.name)


def boundaries_of(holds: PolicyAttachments) -> Sequence[str]:
    """Return whose permissions boundary the policy is; that it cannot be read keeps nobody from an answer."""
    try:
        return holds.boundaries()
    except (ClientError, BotoCoreError):
        logger.exception("Permissions boundaries could not be looked up")
        return ()


def publish_what_is_left(left: Left, boundaries: Sequence[str], settings: Settings, run: int) -> str:
    """Tell ops what keeps the policy from being deleted, if anything does, and return the answer."""
    names = [hold.name for hold in left.holds]
    if not names and left.readable and not boundaries:
        logger.info("Everybody is released", run=run)
        return "Everybody is released"
    notice = detach_incomplete(names, settings.policy_arn, boundaries=boundaries, readable=left.readable)
    OpsTopic(clients.sns(), settings.ops_topic_arn).publish(notice)
    logger.error("Not everybody is released", names=names, boundaries=boundaries, readable=left.readable)
    if names:
        return f"{len(names)} could not be released; the log says why"
    if not left.readable:
        return "Not everybody could be looked up; the log says why"
    return f"Everybody is released, but the policy is the permissions boundary of {len(boundaries)}"
