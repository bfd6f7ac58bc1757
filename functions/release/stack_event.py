"""What CloudFormation asks of the resource that stands for everybody's release, and the answer it gets.

The resource bears the ARN of the policy as its id. An update that replaces the policy is known by that, and so is its
rollback, which asks for the policy that the id names.
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
    """Answer CloudFormation: at once while it creates or updates, when everybody is free while it deletes."""
    if event.request_type == "Delete":
        on_deletion(event, environment, context)
    else:
        on_deployment(event, environment, context)


def on_deployment(
    event: "CloudFormationCustomResourceEvent", environment: Mapping[str, str], context: "LambdaContext"
) -> None:
    """Refuse another policy for as long as the one before holds somebody, for nothing could release them any more."""
    policy_arn = event.resource_properties["PolicyArn"]
    try:
        refusal = refusal_of(event.physical_resource_id, policy_arn, environment, context)
    except Exception:
        logger.exception("The policy before could not be looked at")
        refusal = "The policy before could not be looked at; the log of the release function says why"
    if refusal:
        answer(event, refusal, resource_id=event.physical_resource_id or policy_arn, refused=True)
    else:
        answer(event, "Everybody is released when the stack is deleted", resource_id=policy_arn)


def refusal_of(before: str, policy_arn: str, environment: Mapping[str, str], context: "LambdaContext") -> str | None:
    """Return why the policy may not take the place of the one before, or None; a new stack has none before."""
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
    """Release everybody; a refusal would leave the stack in DELETE_FAILED, so there is none."""
    held_by = event.physical_resource_id
    reason: str | None
    try:
        if is_of_a_policy_before(held_by, environment):
            reason = "Another policy holds everybody"
        else:
            reason = release_everybody(event, environment, context)
    except Exception:
        logger.exception("Releasing everybody failed")
        reason = "Releasing everybody failed; the log says why"
    if reason is not None:
        answer(event, reason, resource_id=held_by)


def is_of_a_policy_before(resource_id: str, environment: Mapping[str, str]) -> bool:
    """Tell whether the resource is one that an update has replaced, while the stack stays."""
    return resource_id.startswith("arn:") and resource_id != environment["POLICY_ARN"]
