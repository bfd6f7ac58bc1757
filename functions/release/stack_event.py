"""CloudFormation's requests about the custom resource that releases all users, and the answers.

The id of the resource is the policy's ARN. So an update that replaces the policy is recognized, and so is its rollback,
which requests the policy in the id.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from aws.cloudformation import answer
from aws.lambda_ import account_of
from release.adapters import Adapters
from release.everybody import release_everybody
from release.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()


def on_stack_event(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> None:
    """Answer CloudFormation: at once for a creation or an update, after all users are released for a deletion."""
    if event.request_type == "Delete":
        on_deletion(event, environment, context)
    else:
        on_deployment(event, environment, context)


def on_deployment(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> None:
    """Refuse another policy while the previous one is attached, because nothing could detach it afterwards."""
    policy_arn = event.resource_properties["PolicyArn"]
    try:
        refusal = refusal_of(event.physical_resource_id, policy_arn, environment, context)
    except Exception:
        logger.exception("The previous policy could not be read")
        refusal = "The previous policy could not be read; the log of the release function says why"
    if refusal:
        answer(event, refusal, resource_id=event.physical_resource_id or policy_arn, refused=True)
    else:
        answer(event, "Everybody is released when the stack is deleted", resource_id=policy_arn)


def refusal_of(before: str, policy_arn: str, environment: Mapping[str, str], context: "LambdaContext") -> str | None:
    """Return why the policy may not replace the previous one, or None; a new stack has no previous one."""
    if before in {"", policy_arn}:
        return None
    adapters = Adapters(Settings.from_environment(environment), account_of(context))
    if next(adapters.attachments_of(before).attachments(), None) is None:
        return None
    name = before.rpartition("/")[2]
    return f"PolicyName cannot be changed while {name} is attached to users: nothing would release them. Keep {name}."


def on_deletion(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> None:
    """Release all users, and never refuse: that would leave the stack in DELETE_FAILED."""
    held_by = event.physical_resource_id
    reason: str | None
    try:
        if is_of_a_policy_before(held_by, environment):
            reason = "Another policy has replaced this one"
        else:
            reason = release_everybody(event, environment, context)
    except Exception:
        logger.exception("Releasing everybody failed")
        reason = "Releasing everybody failed; the log says why"
    if reason is not None:
        answer(event, reason, resource_id=held_by)


def is_of_a_policy_before(resource_id: str, environment: Mapping[str, str]) -> bool:
    """Return whether an update has replaced the resource, so that the stack itself stays."""
    return resource_id.startswith("arn:") and resource_id != environment["POLICY_ARN"]
