"""The reconcile handler: what ops are notified of, and how often."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from reconcile.handler import SweepIncomplete
from tests.integration.conftest import Calls, attached
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.reconcile.conftest import sweep

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_reports_an_unenforceable_user_once(
    stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """A user who fits neither the policy nor the group is reported to ops once a day."""
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    calls.fail("AddUserToGroup", "LimitExceeded", times=2)

    summaries = [sweep(context), sweep(context)]

    assert [summary["UsersUnenforceable"] for summary in summaries] == [1, 1]
    assert "alice" in stack.ops.read()


def test_reports_only_new_users(stack: Stack, create: Callable[..., str], calls: Calls, context: Context) -> None:
    """A second notice of the day names only the users that the first did not."""
    create("alice")
    for _ in range(3):
        calls.fail("AttachUserPolicy", "LimitExceeded")
        calls.fail("AddUserToGroup", "LimitExceeded")
    sweep(context)
    first = stack.ops.read()

    create("bob")
    sweep(context)

    second = stack.ops.read()
    assert ("alice" in first, "alice" in second, "bob" in second) == (True, False, True)


def test_reports_unknown_exemptions(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """Exemptions that no event reported come in one notice, with the policy attached or not."""
    for name in ("robot", "backup"):
        create(name, exempt="CI: keys only")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)

    for _ in range(2):
        sweep(context)

    notice = stack.ops.read()
    assert "2 users are now exempt from MFA" in notice
    assert "robot is exempt by tag (CI: keys only)" in notice


def test_reports_changed_exemptions(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """An exemption is reported again if its reason changes, if it returns, or if another user has the name."""

    def kinds_after(value: str) -> list[str]:
        if value:
            iam.tag_user(UserName="robot", Tags=[{"Key": "mfa-exempt", "Value": value}])
        else:
            iam.untag_user(UserName="robot", TagKeys=["mfa-exempt"])
        sweep(context)
        return stack.ops.kinds()

    create("robot")
    kinds = [kinds_after(value) for value in ("CI", "CI", "build", "", "build")]
    iam.detach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    iam.delete_user(UserName="robot")
    create("robot")
    kinds.append(kinds_after("build"))

    assert kinds == [["exempted"], [], ["exempted"], [], ["exempted"], ["exempted"]]


def test_reports_after_the_release_request(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """An exemption is reported only after the release request reached the queue."""
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    calls.fail("SendMessage", "AccessDenied", status=403)

    with pytest.raises(SweepIncomplete):
        sweep(context)
    first = stack.ops.kinds()
    sweep(context)

    assert (first, stack.ops.kinds()) == ([], ["exempted"])


def test_reports_repeated_detachments(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """The sweep keeps attaching, and alarms ops once if it exceeds the daily limit."""
    create("alice")
    for _ in range(6):
        sweep(context)
        iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert "alice" in stack.ops.read()


def test_reports_exempt_users_in_other_groups(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """Ops are notified once of the exempt users that another group with the policy denies everything."""
    iam.create_group(GroupName="developers")
    iam.attach_group_policy(GroupName="developers", PolicyArn=stack.policy_arn)
    for name in ("robot", "alice"):
        create(name, exempt="CI" if name == "robot" else "")
        iam.add_user_to_group(GroupName="developers", UserName=name)

    for _ in range(2):
        sweep(context)

    notices = [json.loads(body) for body in stack.ops.take()]
    [denied] = [notice for notice in notices if notice["MessageAttributes"]["kind"]["Value"] == "exempt-but-denied"]
    assert "robot, through developers" in denied["Message"]
    assert "alice" not in denied["Message"]
    assert attached(iam, "alice") == ["mfa-control"]


def test_repeats_a_failed_notice(stack: Stack, create: Callable[..., str], calls: Calls, context: Context) -> None:
    """A notice that could not be published is published by the next sweep."""
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    calls.fail("AddUserToGroup", "LimitExceeded", times=2)
    calls.keep_failing("Publish", "InternalError", status=500)

    with pytest.raises(ClientError, match="InternalError"):
        sweep(context)
    sweep(context)

    assert "alice" in stack.ops.read()


def test_repairs_the_group(iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context) -> None:
    """A group that lost the policy gets it back, and ops are notified."""
    create("alice")
    iam.add_user_to_group(UserName="alice", GroupName=stack.group)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)

    summaries = [sweep(context), sweep(context)]

    assert [summary["PolicyDrift"] for summary in summaries] == [1, 0]
    assert len(iam.list_attached_group_policies(GroupName=stack.group)["AttachedPolicies"]) == 1
    assert attached(iam, "alice") == []
    assert "attached to the group again" in " ".join(stack.ops.read().split())


@pytest.mark.parametrize("enforce_by", ["user", "group"])
def test_group_cannot_carry_the_policy(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    enforce_by: str,
) -> None:
    """The policy is attached to the members of a group that has no slot for it."""
    stack.update(EnforceBy=enforce_by)
    create("alice")
    iam.add_user_to_group(UserName="alice", GroupName=stack.group)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    calls.fail("AttachGroupPolicy", "LimitExceeded")

    sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.kinds() == ["policy-changed"]


def test_reports_another_policy_version(
    iam: "IAMClient", stack: Stack, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy with another default version than the deployed one is reported once a day."""
    policy = iam_backends[ACCOUNT]["aws"].managed_policies[stack.policy_arn]
    monkeypatch.setattr(policy, "update_date", datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("POLICY_VERSION", "v7")

    assert [sweep(context)["PolicyDrift"] for _ in range(2)] == [1, 1]
    assert "v1; v7 was deployed" in " ".join(stack.ops.read().split())
