"""The enforce handler: which messages go back to the queue, and that a fault keeps no policy off a user."""

import json
from typing import TYPE_CHECKING

import pytest

from domain.input.settings import InvalidSetting
from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.enforce.conftest import ReadText, create_recorded, creation

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_attaches_without_the_topic(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """The policy is attached even if the notice fails; the message returns until ops are notified."""
    mistyped = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2026-11-31"}]})
    calls.fail("Publish", "AuthorizationError", status=403)

    first = failed(lambda_handler(batch(mistyped), context)), attached(iam, "alice")
    second = failed(lambda_handler(batch(mistyped, tries=2), context))

    assert (first, second) == ((["m0"], ["mfa-control"]), [])
    assert stack.ops.kinds() == ["exemption-malformed"]


def test_malformed_event(iam: "IAMClient", context: Context, event_text: ReadText, log: Log) -> None:
    """Only the malformed event of a batch goes back, and the log says what is wrong with it."""
    event = json.loads(event_text("enforce_batch_one_malformed"))
    good, malformed = event["Records"]
    name = create_recorded(iam, good)

    response = lambda_handler(event, context)

    assert failed(response) == [malformed["messageId"]]
    assert attached(iam, name) == ["mfa-control"]
    refusal = log.entry("Message failed")
    assert refusal["stack_trace"]["value"] == "body: expected JSON, found str"


def test_missing_policy(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
) -> None:
    """A missing policy is an error and is not mistaken for a missing user."""
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    iam.delete_policy(PolicyArn=stack.policy_arn)
    old = creation(event_text, eventTime="2026-01-01T00:00:00Z")

    assert failed(lambda_handler(batch(old), context)) == ["m0"]


@pytest.mark.parametrize(
    "operation",
    ["GetUser", "ListAttachedUserPolicies", "ListGroupsForUser", "GetPolicy", "AttachUserPolicy"],
)
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_iam_fails(
    iam: "IAMClient",
    alice: str,
    calls: Calls,
    context: Context,
    event_text: ReadText,
    operation: str,
    code: str,
    status: int,
) -> None:
    """A message whose call to IAM fails goes back to the queue and succeeds the next time."""
    calls.keep_failing(operation, code, status=status)
    events = batch(event_text("detach_user_policy"))

    first, second = (failed(lambda_handler(events, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_table_fails(
    iam: "IAMClient", alice: str, calls: Calls, context: Context, event_text: ReadText, operation: str
) -> None:
    """A message goes back to the queue if the table fails, and succeeds the next time."""
    calls.keep_failing(operation, "InternalServerError", status=500)
    events = batch(event_text("detach_user_policy"))

    first, second = (failed(lambda_handler(events, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 400),
        ("ServiceFailure", 500),
        ("ConcurrentModification", 409),
        ("EntityTemporarilyUnmodifiable", 409),
        ("AccessDenied", 403),
    ],
)
def test_failure_in_a_batch(
    iam: "IAMClient", calls: Calls, context: Context, event_text: ReadText, code: str, status: int
) -> None:
    """A failed message goes back to the queue, and the other message of the batch is done."""
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    calls.keep_failing("AttachUserPolicy", code, status=status)

    response = lambda_handler(batch(creation(event_text, "alice"), creation(event_text, "bob")), context)

    assert failed(response) == ["m0"]
    assert attached(iam, "bob") == ["mfa-control"]


def test_wrong_setting(monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText) -> None:
    """A wrong environment variable stops the function with an error that names it."""
    monkeypatch.setenv("POLICY_ARN", "mfa-control")

    with pytest.raises(InvalidSetting, match="POLICY_ARN"):
        lambda_handler(batch(creation(event_text)), context)
