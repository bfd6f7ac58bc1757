"""The running function: its account, and its continuation beyond Lambda's timeout."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_lambda import LambdaClient


def account_of(context: "LambdaContext") -> str:
    """Return the number of the account that the function runs in, from the function's ARN."""
    return context.invoked_function_arn.split(":")[4]


class Continuation:
    """Invokes the running function again, asynchronously.

    Lambda stops a function that has invoked itself some 16 times in a row ("Use Lambda recursive loop detection"). The
    5,000 users that an account may have need far fewer runs.
    """

    PERMISSIONS = ("lambda:InvokeFunction",)

    def __init__(self, client: "LambdaClient", function_arn: str) -> None:
        self._client = client
        self._function_arn = function_arn

    def start_next_run(self, event: Mapping[str, Any]) -> None:
        """Start the next run with this event."""
        self._client.invoke(FunctionName=self._function_arn, InvocationType="Event", Payload=json.dumps(event).encode())
