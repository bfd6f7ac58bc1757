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


def test_a_user_who_fits_neither_way_is_told_to_ops_once_a_day(
    stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    calls.fail("AddUserToGroup", "LimitExceeded", times=2)

    summaries = [sweep(context), sweep(context)]

    assert [summary["UsersUnenforceable"] for summary in summaries] == [1, 1]
    assert "alice" in stack.ops.read()


def test_only_a_user_of_whom_ops_were_not_told_today_is_told(
    stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
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


def test_tells_every_exemption_once_that_no_event_told(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """Exemptions that ops do not know of come in one notice, whether or not the policy was on the users."""
    for name in ("robot", "backup"):
        create(name, exempt="CI: keys only")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)

    for _ in range(2):
        sweep(context)

    notice = stack.ops.read()
    assert "2 users are exempt from MFA now" in notice
    assert "robot is exempt by tag (CI: keys only)" in notice


def test_tells_another_reason_and_an_exemption_that_came_again(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """A changed exemption is news, and so is one that ended and came again, or that of another user of the name."""

    def tell(value: str) -> list[str]:
        if value:
            iam.tag_user(UserName="robot", Tags=[{"Key": "mfa-exempt", "Value": value}])
        else:
            iam.untag_user(UserName="robot", TagKeys=["mfa-exempt"])
        sweep(context)
        return stack.ops.kinds()

    create("robot")
    told = [tell(value) for value in ("CI", "CI", "build", "", "build")]
    iam.detach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    iam.delete_user(UserName="robot")
    create("robot")
    told.append(tell("build"))

    assert told == [["exempted"], [], ["exempted"], [], ["exempted"], ["exempted"]]


def test_an_exemption_is_told_when_its_release_was_asked_for(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """Ops are not told that a user is released while the queue takes no request; the next sweep tells them."""
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    calls.fail("SendMessage", "AccessDenied", status=403)

    with pytest.raises(SweepIncomplete):
        sweep(context)
    first = stack.ops.kinds()
    sweep(context)

    assert (first, stack.ops.kinds()) == ([], ["exempted"])


def test_alarms_ops_of_users_from_whom_the_policy_keeps_being_taken(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """The sweep goes on attaching, and tells ops once when it did so more often than they allow in a day."""
    create("alice")
    for _ in range(6):
        sweep(context)
        iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert "alice" in stack.ops.read()


def test_names_exempt_users_whom_another_group_denies_everything(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """A group that is not the stack's is not touched, so ops are told which exempt users it denies everything."""
    iam.create_group(GroupName="developers")
    iam.attach_group_policy(GroupName="developers", PolicyArn=stack.policy_arn)
    for name in ("robot", "alice"):
        create(name, exempt="CI" if name == "robot" else "")
        iam.add_user_to_group(GroupName="developers", UserName=name)

    for _ in range(2):
        sweep(context)

    notices = [json.loads(body) for body in stack.ops.take()]
    [denied] = [found for found in notices if found["MessageAttributes"]["kind"]["Value"] == "exempt-but-denied"]
    assert "robot, through developers" in denied["Message"]
    assert "alice" not in denied["Message"]
    assert attached(iam, "alice") == ["mfa-control"]


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_sweep(
    stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    calls.fail("AddUserToGroup", "LimitExceeded", times=2)
    calls.keep_failing("Publish", "InternalError", status=500)

    with pytest.raises(ClientError, match="InternalError"):
        sweep(context)
    sweep(context)

    assert "alice" in stack.ops.read()


def test_a_group_that_lost_the_policy_gets_it_back_and_ops_are_told(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    create("alice")
    iam.add_user_to_group(UserName="alice", GroupName=stack.group)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)

    summaries = [sweep(context), sweep(context)]

    assert [summary["PolicyDrift"] for summary in summaries] == [1, 0]
    assert len(iam.list_attached_group_policies(GroupName=stack.group)["AttachedPolicies"]) == 1
    assert attached(iam, "alice") == []
    assert "attached to the group again" in " ".join(stack.ops.read().split())


@pytest.mark.parametrize("enforce_by", ["user", "group"])
def test_members_of_a_group_that_cannot_carry_the_policy_are_enforced_directly(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    enforce_by: str,
) -> None:
    stack.update(EnforceBy=enforce_by)
    create("alice")
    iam.add_user_to_group(UserName="alice", GroupName=stack.group)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    calls.fail("AttachGroupPolicy", "LimitExceeded")

    sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.kinds() == ["policy-changed"]


def test_a_policy_that_is_not_the_deployed_version_is_told_to_ops_once_a_day(
    iam: "IAMClient", stack: Stack, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = iam_backends[ACCOUNT]["aws"].managed_policies[stack.policy_arn]
    monkeypatch.setattr(policy, "update_date", datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("POLICY_VERSION", "v7")

    assert [sweep(context)["PolicyDrift"] for _ in range(2)] == [1, 1]
    assert "v1; v7 was deployed" in " ".join(stack.ops.read().split())
