"""The reconcile handler: the users whom a sweep enforces, spares or hands to release."""

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
from tests.integration.reconcile.conftest import LOOKS, READS, sweep

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_whoever_events_missed_is_enforced_with_one_write_each(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    for name in ("alice", "bob"):
        create(name)

    summary = sweep(context, event)

    assert attached(iam, "alice") == attached(iam, "bob") == ["mfa-control"]
    assert sorted(calls) == sorted([*READS, "AttachUserPolicy", "AttachUserPolicy", "BatchWriteItem"])
    assert (summary["UsersEnforced"], summary["UsersMissing"]) == (2, 0)


def test_whoever_is_held_either_way_costs_nothing(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    for name in ("alice", "bob"):
        create(name)
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    iam.add_user_to_group(UserName="bob", GroupName=stack.group)

    sweep(context)
    calls.clear()

    assert sweep(context)["UsersEnforced"] == 2
    assert sorted(calls) == sorted(READS)


def test_an_exempt_user_who_is_held_is_handed_to_release_and_nothing_is_detached_here(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context, log: Log
) -> None:
    robot = create("robot", exempt="CI, keys only")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)

    summary = sweep(context)

    assert stack.requests.take() == [ReleaseRequest(robot, "robot", account=ACCOUNT).to_json()]
    assert attached(iam, "robot") == ["mfa-control"]
    assert summary["exempt"] == {"by-tag": 1}
    entry = log.entry("User exempt")
    assert (entry["user_name"], entry["reason"], entry.get("until")) == ("robot", "CI, keys only", None)


def test_an_exemption_that_ended_is_named_and_its_user_enforced(
    iam: "IAMClient", create: Callable[..., str], context: Context, log: Log
) -> None:
    create("guest", exempt="2020-12-31")

    assert sweep(context)["ExemptionsEnded"] == 1
    assert attached(iam, "guest") == ["mfa-control"]
    assert log.entry("Exemption ended")["until"] == "2020-12-31"


def test_users_older_than_the_deployment_are_reported_until_ops_say_otherwise(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context, log: Log
) -> None:
    create("alice")
    stack.update(ExistingUsersSince="2100-01-01")

    reported = sweep(context)
    before = attached(iam, "alice")
    stack.update(ExistingUsers="enforce")
    sweep(context)

    assert (before, attached(iam, "alice")) == ([], ["mfa-control"])
    assert reported["missing"] == {"older-than-the-deployment": 1}
    assert log.entry("Users older than the deployment")["user_names"] == ["alice"]


def test_a_user_who_is_being_deleted_is_put_back_an_hour_later(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context
) -> None:
    user_id = create("alice")

    def expire(at: datetime) -> None:
        stack.flags.put(kind={"S": "leaving"}, subject={"S": user_id}, expires={"N": str(int(at.timestamp()))})

    expire(datetime.now(UTC) + timedelta(minutes=10))
    assert sweep(context)["missing"] == {"being-deleted": 1}
    assert attached(iam, "alice") == []

    expire(datetime.now(UTC) - timedelta(minutes=1))
    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_an_older_user_whom_the_policy_once_held_is_enforced_again(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context
) -> None:
    stack.update(ExistingUsersSince="2100-01-01")
    stack.flags.put(kind={"S": "held"}, subject={"S": create("alice")})

    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_marks_are_read_after_everybody_for_one_may_be_set_meanwhile(calls: Calls, context: Context) -> None:
    sweep(context)

    assert calls.index("GetAccountAuthorizationDetails") < calls.index("Query")


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    log: Log,
) -> None:
    stack.update(DryRun="true")
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)

    summary = sweep(context)

    assert sorted(calls) == sorted(LOOKS)
    assert summary["missing"] == {"not-attached": 1}
    assert log.entry("Would attach the policy")["user_name"] == "alice"
    assert log.entry("Would ask for a release")["user_name"] == "robot"


def test_remembers_everybody_whom_the_policy_holds(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], context: Context
) -> None:
    """A user who had the policy at a sweep stays in scope, though older, and though no event tells of it."""
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


def test_whoever_is_exempted_or_deleted_before_a_late_turn_is_spared(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
) -> None:
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


def test_a_user_whose_slots_are_full_is_enforced_through_the_group(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded")

    assert sweep(context)["UsersEnforced"] == 1
    assert members(iam, stack.group) == ["alice"]


def test_pages_are_followed_however_iam_cuts_them(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """IAM cuts pages by size: one may be short, or even empty, with more to come."""
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
