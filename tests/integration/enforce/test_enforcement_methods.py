"""The enforce handler: the policy is attached to the user or covers the user through the group."""

from typing import TYPE_CHECKING

import pytest

from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, attached, batch, failed, members
from tests.integration.deployment import Context, Stack
from tests.integration.enforce.conftest import ReadText, creation

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def delete_group(iam: "IAMClient", stack: Stack) -> None:
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    iam.delete_group(GroupName=stack.group)


def test_group_if_the_policies_are_full(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """A user with no slot for a policy is enforced through the group."""
    calls.fail("AttachUserPolicy", "LimitExceeded")

    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert (attached(iam, "alice"), members(iam, stack.group)) == ([], ["alice"])
    assert calls == ["AttachUserPolicy", "AddUserToGroup"]


def test_policy_if_the_groups_are_full(
    iam: "IAMClient",
    stack: Stack,
    calls: Calls,
    context: Context,
    event_text: ReadText,
) -> None:
    """With EnforceBy "group", the policy is attached only to a user with no slot for a group."""
    stack.update(EnforceBy="group")
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    lambda_handler(batch(creation(event_text, "alice")), context)
    calls.fail("AddUserToGroup", "LimitExceeded")

    lambda_handler(batch(creation(event_text, "bob")), context)

    assert (attached(iam, "alice"), attached(iam, "bob")) == ([], ["mfa-control"])
    assert members(iam, stack.group) == ["alice"]
    assert calls == ["AddUserToGroup", "AddUserToGroup", "AttachUserPolicy"]


@pytest.mark.parametrize("group_is", ["full", "deleted"])
def test_reports_an_unenforceable_user_once(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    calls: Calls,
    context: Context,
    event_text: ReadText,
    group_is: str,
) -> None:
    """A user who fits neither the policy nor the group is reported to ops once."""
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    if group_is == "full":
        calls.fail("AddUserToGroup", "LimitExceeded", times=2)
    else:
        delete_group(iam, stack)
    events = batch(creation(event_text), creation(event_text))

    assert failed(lambda_handler(events, context)) == []
    assert "1 user cannot be enforced" in stack.ops.read()


def test_policy_if_the_group_is_deleted(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    context: Context,
    event_text: ReadText,
) -> None:
    """With EnforceBy "group" and no group, the policy is attached to the user."""
    stack.update(EnforceBy="group")
    delete_group(iam, stack)

    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize("name", ["u", "o", "group", "mfa-control", "with"])
def test_recognises_a_deleted_group(
    iam: "IAMClient",
    calls: Calls,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    name: str,
) -> None:
    """The error for a missing group is not mistaken for a missing user, even with a misleading user name."""
    stack.update(EnforceBy="group")
    iam.create_user(UserName=name)
    calls.fail("AddUserToGroup", "NoSuchEntity", status=404, message="The group with name mfa-control cannot be found.")

    assert failed(lambda_handler(batch(creation(event_text, name)), context)) == []
    assert attached(iam, name) == ["mfa-control"]


@pytest.mark.parametrize("name", ["group", "policy.group"])
def test_recognises_a_deleted_user(stack: Stack, context: Context, event_text: ReadText, name: str) -> None:
    """A user who no longer exists is recognised as such, even if the name contains "group"."""
    stack.update(EnforceBy="group")
    old = creation(event_text, name, eventTime="2026-01-01T00:00:00Z")

    assert failed(lambda_handler(batch(old), context)) == []
