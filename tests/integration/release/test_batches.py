"""The release handler on batches: samples, dry runs, malformed messages, failures and too little time."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from domain.enforcement.release_request import ReleaseRequest
from release.handler import lambda_handler
from tests.integration.conftest import Calls, attached, batch, failed, members
from tests.integration.deployment import Context, Stack
from tests.integration.release.conftest import ReadText, conflict, flags

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_sample_batch(
    create_enforced: Callable[..., str], calls: Calls, context: Context, event_text: ReadText
) -> None:
    """The sample batch reads both users and releases neither: another id, and an old deletion."""
    create_enforced("alice", reason="CI")
    create_enforced("svc-terraform-demo")

    response = lambda_handler(json.loads(event_text("release_batch_of_two")), context)

    assert failed(response) == []
    assert calls.count("GetUser") == 2
    assert "DetachUserPolicy" not in calls


def test_too_late_to_begin(iam: "IAMClient", create_enforced: Callable[..., str], event_text: ReadText) -> None:
    """A message goes back untouched if less time is left than a release may take."""
    create_enforced("alice")

    late = Context("ReleaseFunction", left=24_000)

    assert failed(lambda_handler(batch(conflict(event_text, "alice")), late)) == ["m0"]
    assert attached(iam, "alice") == ["mfa-control", "other"]


def test_dry_run(
    iam: "IAMClient",
    stack: Stack,
    create_enforced: Callable[..., str],
    context: Context,
    event_text: ReadText,
) -> None:
    """A dry run releases no user, notifies nobody and writes no flag."""
    stack.update(DryRun="true")
    request = ReleaseRequest(create_enforced("robot", reason="CI"), "robot")
    create_enforced("alice")

    lambda_handler(batch(request.to_json(), conflict(event_text, "alice")), context)

    assert attached(iam, "robot") == attached(iam, "alice") == ["mfa-control", "other"]
    assert (stack.ops.kinds(), flags(stack, "leaving"), flags(stack, "held")) == ([], [], [])


@pytest.mark.parametrize("body", ['{"release": {}}', '{"release": 7}', "[]", "release", "{}"])
def test_malformed_message(context: Context, body: str) -> None:
    """A message that is neither a request nor an event goes back to the queue."""
    assert failed(lambda_handler(batch(body), context)) == ["m0"]


@pytest.mark.parametrize(
    "operation", ["GetUser", "ListAttachedUserPolicies", "ListGroupsForUser", "DetachUserPolicy", "RemoveUserFromGroup"]
)
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_iam_fails(
    iam: "IAMClient",
    stack: Stack,
    create_enforced: Callable[..., str],
    calls: Calls,
    context: Context,
    operation: str,
    code: str,
    status: int,
) -> None:
    """A message whose call to IAM fails goes back to the queue and succeeds the next time."""
    messages = batch(ReleaseRequest(create_enforced("robot", reason="CI"), "robot").to_json())
    calls.keep_failing(operation, code, status=status)

    first, second = (failed(lambda_handler(messages, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert (attached(iam, "robot"), members(iam, stack.group)) == (["other"], [])
