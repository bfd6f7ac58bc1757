"""EventBridge's delivery to queues: only if the queue's policy allows the rule, else to the dead-letter queue.

MiniStack delivers to every queue and has no dead-letter queues for rules. Without permission, EventBridge does not
retry: the event goes to the dead-letter queue, and is lost if that denies access too ("Using dead-letter queues to
process undelivered events", EventBridge User Guide).
"""

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator, responses  # type: ignore[import-untyped]  # ships no types
from ministack.services import eventbridge, sqs  # type: ignore[import-untyped]

type Attributes = Mapping[str, Any]

SERVICE = "events.amazonaws.com"


def correct_delivery() -> None:
    """Check the policy of a queue before each delivery to it."""
    deliver = eventbridge._invoke_target  # noqa: SLF001  # there is no public one

    def deliver_where_allowed(target: Attributes, event: object, rule: Attributes, view: object = None) -> None:
        dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
        for arn in filter(None, (target["Arn"], dead_letters)):
            if not arn.startswith("arn:aws:sqs:") or _is_let_in(rule["Arn"], arn):
                deliver({**target, "Arn": arn}, event, rule, view)
                return

    eventbridge._invoke_target = deliver_where_allowed  # noqa: SLF001


def _is_let_in(rule_arn: str, queue_arn: str) -> bool:
    queue = sqs._queue_by_arn(queue_arn)  # noqa: SLF001
    if queue is None:
        return False
    account = responses.get_account_id()
    request = iam_evaluator.EvalContext(
        principal_arn="",
        principal_type="Service",
        principal_account=account,
        action="sqs:SendMessage",
        resource_arn=queue_arn,
        region=responses.get_region(),
        service_context={"aws:sourcearn": rule_arn, "aws:sourceaccount": account},
    )
    policy = queue["attributes"].get("Policy")
    return bool(iam_evaluator.evaluate_resource_policy(policy, request, service=SERVICE).decision == "Allow")
