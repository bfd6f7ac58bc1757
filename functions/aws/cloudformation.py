"""The response that CloudFormation waits for ("Custom resource response objects")."""

import json
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent

_TRIES = 3


def answer(event: "CloudFormationCustomResourceEvent", reason: str, *, resource_id: str, refused: bool = False) -> None:
    """Let CloudFormation continue, or make it roll back.

    Raises OSError if three tries to send the response fail. If the response to an update has another id, CloudFormation
    deletes the resource with the old id.
    """
    body = {
        "Status": "FAILED" if refused else "SUCCESS",
        "Reason": reason,
        "PhysicalResourceId": resource_id,
        "StackId": event.stack_id,
        "RequestId": event.request_id,
        "LogicalResourceId": event.logical_resource_id,
    }
    # The URL is signed for a PUT without a content type.
    request = Request(  # noqa: S310  (the URL is CloudFormation's own)
        event.response_url, data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    for tries_left in reversed(range(_TRIES)):
        try:
            with urlopen(request, timeout=10):  # noqa: S310
                return
        except OSError:
            if not tries_left:
                raise
