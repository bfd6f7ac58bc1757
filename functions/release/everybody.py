"""Releases all users before the stack is deleted, because IAM does not delete an attached policy.

The functions that enforce are deleted before (in template.yaml they depend on this resource), so nothing attaches the
policy again meanwhile. CloudFormation always gets an answer: without one the deletion would hang for an hour, and a
refusal would leave the stack in DELETE_FAILED.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws.lambda_ import account_of
from aws.rate_limit import RateLimiter
from release.adapters import Adapters
from release.settings import Settings
from reports.enforcement_notices import detach_incomplete

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from aws.iam.detach import PolicyAttachments
    from domain.enforcement.attachments import Attachment

logger = Logger()

_WRITES_PER_SECOND = 5
_RUN = "MfaEnforcerRun"
_MOST_RUNS = 15
_RESERVE_MILLISECONDS = 15_000
_PAUSE_BETWEEN_RUNS = 5


@dataclass(frozen=True, slots=True)
class Left:
    """The attachments that are left after a run, and whether everything could be read."""

    attachments: Sequence["Attachment"]
    readable: bool


def release_everybody(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> str | None:
    """Run once over all users; return the answer, or None if another run follows."""
    adapters = Adapters(Settings.from_environment(environment), account_of(context))
    run = int(event.raw_event.get(_RUN, 1))
    detach_all(read(adapters.attachments).attachments, adapters, context)
    left = read(adapters.attachments)
    if run < _MOST_RUNS and (left.attachments or not left.readable):
        logger.info("Releasing continues", run=run, left=len(left.attachments), readable=left.readable)
        sleep(_PAUSE_BETWEEN_RUNS)
        adapters.continuation(context.invoked_function_arn).start_next_run({**event.raw_event, _RUN: run + 1})
        return None
    return publish_what_is_left(left, boundaries_of(adapters.attachments), adapters, run)


def read(source: "PolicyAttachments") -> Left:
    """Read every attachment; if the group cannot be read, the policy is still detached from everything else."""
    attachments: list[Attachment] = []
    readable = True
    for part in (source.attachments, source.members):
        try:
            attachments.extend(part())
        except (ClientError, BotoCoreError):
            logger.exception("Attachments could not be read", part=part.__name__)
            readable = False
    return Left(attachments, readable)


def detach_all(attachments: Sequence["Attachment"], adapters: Adapters, context: "LambdaContext") -> None:
    """Detach as much as time allows."""
    rate = RateLimiter(_WRITES_PER_SECOND, monotonic, sleep)
    for number, attachment in enumerate(attachments):
        if context.get_remaining_time_in_millis() < _RESERVE_MILLISECONDS:
            break
        if number % 100 == 0:
            logger.info("Releasing everybody", released=number, found=len(attachments))
        rate.wait()
        try:
            adapters.detacher.detach(attachment)
        except (ClientError, BotoCoreError):
            logger.exception("Not released", released_from=attachment.by, attached_to=attachment.name)


def boundaries_of(source: "PolicyAttachments") -> Sequence[str]:
    """Return the users and roles that have the policy as boundary; none if they cannot be read, so that we answer."""
    try:
        return source.boundaries()
    except (ClientError, BotoCoreError):
        logger.exception("Permissions boundaries could not be read")
        return ()


def publish_what_is_left(left: Left, boundaries: Sequence[str], adapters: Adapters, run: int) -> str:
    """Notify ops if anything keeps the policy from being deleted, and return the answer."""
    names = [attachment.name for attachment in left.attachments]
    if not names and left.readable and not boundaries:
        logger.info("Everybody is released", run=run)
        return "Everybody is released"
    notice = detach_incomplete(names, adapters.settings.policy_arn, boundaries=boundaries, readable=left.readable)
    adapters.topic.publish(notice)
    logger.error("Not everybody is released", names=names, boundaries=boundaries, readable=left.readable)
    if names:
        return f"{len(names)} could not be released; the log says why"
    if not left.readable:
        return "Not everything could be read; the log says why"
    return f"Everybody is released, but the policy is the permissions boundary of {len(boundaries)}"
