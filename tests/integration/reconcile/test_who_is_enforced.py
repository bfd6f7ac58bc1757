"""The reconcile handler: the users that a sweep enforces, spares or hands to release."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import pytest

from aws.dynamodb.enforcement_table import UserFlagWriter
from aws.dynamodb.table import Table
from domain.enforcement.release_request import ReleaseRequest
from reconcile import apply
from tests.integration.conftest import Calls, Log, attached, members
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.reconcile.conftest import CHECKS, READS, sweep

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_enforces_missed_users(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user that no event reported is enforced with one write."""
    for name in ("alice", "bob"):
        create(name)

    summary = sweep(context, event)

    assert attached(iam, "alice") == attached(iam, "bob") == ["mfa-control"]
    assert sorted(calls) == sorted([*READS, "AttachUserPolicy", "AttachUserPolicy", "BatchWriteItem"])
    assert (summary["UsersEnforced"], summary["UsersMissing"]) == (2, 0)


def test_covered_users_cost_no_call(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """A user covered by the policy or the group costs no call of its own."""
    for name in ("alice", "bob"):
        create(name)
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    iam.add_user_to_group(UserName="bob", GroupName=stack.group)

    sweep(context)
    calls.clear()

    assert sweep(context)["UsersEnforced"] == 2
    assert sorted(calls) == sorted(READS)


def test_requests_releases(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context, log: Log
) -> None:
    """The sweep requests the release of an exempt user who has the policy, and detaches nothing itself."""
    robot = create("robot", exempt="CI, keys only")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)

    summary = sweep(context)

    assert stack.requests.take() == [ReleaseRequest(robot, "robot", account=ACCOUNT).to_json()]
    assert attached(iam, "robot") == ["mfa-control"]
    assert summary["exempt"] == {"by-tag": 1}
    entry = log.entry("User exempt")
    assert (entry["user_name"], entry["reason"], entry.get("until")) == ("robot", "CI, keys only", None)


def test_ended_exemption(iam: "IAMClient", create: Callable[..., str], context: Context, log: Log) -> None:
    """A user whose exemption has ended is enforced, and the log names the day."""
    create("guest", exempt="2020-12-31")

    assert sweep(context)["ExemptionsEnded"] == 1
    assert attached(iam, "guest") == ["mfa-control"]
    assert log.entry("Exemption ended")["until"] == "2020-12-31"


def test_existing_users(iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context, log: Log) -> None:
    """A user older than the deployment is reported, and enforced only with ExistingUsers "enforce"."""
    create("alice")
    stack.update(ExistingUsersSince="2100-01-01")

    reported = sweep(context)
    before = attached(iam, "alice")
    stack.update(ExistingUsers="enforce")
    sweep(context)

    assert (before, attached(iam, "alice")) == ([], ["mfa-control"])
    assert reported["missing"] == {"older-than-the-deployment": 1}
    assert log.entry("Users older than the deployment")["user_names"] == ["alice"]


def test_spares_users_being_deleted(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context
) -> None:
    """A user who is being deleted is enforced only after the flag expires."""
    user_id = create("alice")

    def expire(at: datetime) -> None:
        stack.flags.put(kind={"S": "leaving"}, subject={"S": user_id}, expires={"N": str(int(at.timestamp()))})

    expire(datetime.now(UTC) + timedelta(minutes=10))
    assert sweep(context)["missing"] == {"being-deleted": 1}
    assert attached(iam, "alice") == []

    expire(datetime.now(UTC) - timedelta(minutes=1))
    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_previously_enforced_users(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context
) -> None:
    """An older user who once had the policy is enforced again."""
    stack.update(ExistingUsersSince="2100-01-01")
    stack.flags.put(kind={"S": "held"}, subject={"S": create("alice")})

    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_reads_flags_after_users(calls: Calls, context: Context) -> None:
    """The flags are read after the users, because a flag may be set in between."""
    sweep(context)

    assert calls.index("GetAccountAuthorizationDetails") < calls.index("Query")


def test_dry_run(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    log: Log,
) -> None:
    """A dry run writes nothing and logs what it would do."""
    stack.update(DryRun="true")
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)

    summary = sweep(context)

    assert sorted(calls) == sorted(CHECKS)
    assert summary["missing"] == {"not-attached": 1}
    assert log.entry("Would attach the policy")["user_name"] == "alice"
    assert log.entry("Would request a release")["user_name"] == "robot"


def test_flags_enforced_users(iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context) -> None:
    """A user who had the policy at a sweep stays in scope, even if older and without any event."""
    stack.update(ExistingUsers="enforce")
    for name in ("alice", "bob"):
        create(name)
    iam.attach_user_policy(UserName="bob", PolicyArn=stack.policy_arn)
    sweep(context)

    stack.update(ExistingUsers="report")
    stack.update(ExistingUsersSince="2100-01-01")
    for name in ("alice", "bob"):
        iam.detach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
        iam.update_user(UserName=name, NewUserName=f"{name}2")
    sweep(context)

    assert attached(iam, "alice2") == attached(iam, "bob2") == ["mfa-control"]


def test_late_turn(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
) -> None:
    """A user whose turn comes late is read again, and spared if exempt, deleted or being deleted."""
    for name in ("alice", "bob", "carol", "dave"):
        create(name)
    erin = create("erin")

    class LateClock(datetime):
        """Two minutes after the survey; bob was exempted, carol deleted, dave replaced, erin nearly deleted."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "LateClock":
            iam.tag_user(UserName="bob", Tags=[{"Key": "mfa-exempt", "Value": "robot"}])
            with suppress(iam.exceptions.NoSuchEntityException):
                iam.delete_user(UserName="carol")
                iam.delete_user(UserName="dave")
                create("dave")
            flags = UserFlagWriter(Table(stack.flags.client, stack.flags.table, ACCOUNT))
            flags.flag_deletion_pending(erin, super().now(tz) + timedelta(hours=1))
            return super().now(tz) + timedelta(minutes=2)

    monkeypatch.setattr(apply, "datetime", LateClock)

    summary = sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert attached(iam, "bob") == attached(iam, "dave") == attached(iam, "erin") == []
    assert (summary["attached"], summary["failed"]) == (1, 0)
    assert calls.count("GetUser") == 5


def test_group_if_the_policies_are_full(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """A user with no slot for a policy is enforced through the group."""
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded")

    assert sweep(context)["UsersEnforced"] == 1
    assert members(iam, stack.group) == ["alice"]


def test_short_and_empty_pages(iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context) -> None:
    """Pages are followed to the end, even if IAM sends a short or an empty one."""
    create("alice")
    create("bob")

    def page(users: str, marker: str = "") -> str:
        more = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else ""
        return (
            '<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            f"<GetAccountAuthorizationDetailsResult><UserDetailList>{users}</UserDetailList>{more}"
            "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        )

    def user(name: str) -> str:
        return (
            f"<member><UserName>{name}</UserName><UserId>AIDA{name}</UserId><Path>/</Path>"
            "<CreateDate>2026-11-24T09:00:00Z</CreateDate><GroupList/><AttachedManagedPolicies/></member>"
        )

    calls.answer("GetAccountAuthorizationDetails", page(user("alice"), "m1"), page("", "m2"), page(user("bob")))

    assert sweep(context)["UsersEnforced"] == 2
    assert calls.count("GetAccountAuthorizationDetails") == 3
