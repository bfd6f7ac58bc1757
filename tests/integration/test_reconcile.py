"""The reconcile handler on moto: who is enforced, released, reported, how often it calls, and what a fault leaves."""

import json
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

from aws.dynamodb.enforcement_table import UserFlagWriter
from aws.dynamodb.table import Table
from domain.enforcement.release_request import ReleaseRequest
from domain.input.settings import InvalidSetting
from reconcile import apply
from reconcile.handler import SweepIncomplete, lambda_handler
from tests.integration.conftest import ACCOUNT, Calls, Context, Log, Stack, attached, members

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

LOOKS = ["ListEntitiesForPolicy", "GetPolicy", "GetAccountAuthorizationDetails", "Query", "Query"]
# What a sweep reads once more at its end: the exemptions that ops know of.
READS = [*LOOKS, "Query"]


@dataclass(frozen=True)
class LongContext(Context):
    """The context of a function with fifteen minutes; a time that runs out takes a look for each write."""

    function_name: str = "reconcile"
    looks: list[int] | None = None

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # left over differs from test to test
        if self.looks is None:
            return 900_000
        self.looks[0] -= 1
        return 900_000 if self.looks[0] >= 0 else 20_000


@pytest.fixture
def context() -> Context:
    return LongContext()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which take no time here."""
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(apply, "sleep", sleep)
    monkeypatch.setattr(apply, "monotonic", lambda: now[0])
    return slept


@pytest.fixture(autouse=True)
def stack(stack: Stack, slept: list[float]) -> Stack:
    return stack


@pytest.fixture
def event(event_text: Callable[[str], str]) -> dict[str, Any]:
    return json.loads(event_text("reconcile_schedule"))  # type: ignore[no-any-return]  # the sample is an object


@pytest.fixture
def create(iam: "IAMClient") -> Callable[..., str]:
    """Create a user; return the id."""

    def create(name: str, *, path: str = "/", exempt: str = "") -> str:
        tags = [{"Key": "mfa-exempt", "Value": exempt}] if exempt else []
        return iam.create_user(UserName=name, Path=path, Tags=tags)["User"]["UserId"]  # type: ignore[arg-type]

    return create


def sweep(context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
    return lambda_handler(event or {}, context)  # type: ignore[no-any-return]  # Lambda's answers are JSON


def metrics(printed: str) -> list[dict[str, Any]]:
    """Return what was printed for CloudWatch to count."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]


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
    iam: "IAMClient", create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, context: Context, log: Log
) -> None:
    create("alice")
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")

    reported = sweep(context)
    before = attached(iam, "alice")
    monkeypatch.setenv("EXISTING_USERS", "enforce")
    sweep(context)

    assert (before, attached(iam, "alice")) == ([], ["mfa-control"])
    assert reported["missing"] == {"older-than-the-deployment": 1}
    assert log.entry("Users older than the deployment")["user_names"] == ["alice"]


def test_a_user_who_is_being_deleted_is_put_back_an_hour_later(
    iam: "IAMClient", create: Callable[..., str], stack: Stack, context: Context
) -> None:
    marks, key = boto3.client("dynamodb"), {"kind": {"S": "leaving"}, "subject": {"S": create("alice")}}

    def expire(at: datetime) -> None:
        marks.put_item(TableName="marks", Item={**key, "expires": {"N": str(int(at.timestamp()))}})

    expire(datetime.now(UTC) + timedelta(minutes=10))
    assert sweep(context)["missing"] == {"being-deleted": 1}
    assert attached(iam, "alice") == []

    expire(datetime.now(UTC) - timedelta(minutes=1))
    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_an_older_user_whom_the_policy_once_held_is_enforced_again(
    iam: "IAMClient", create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")
    mark: dict[str, Any] = {"kind": {"S": "held"}, "subject": {"S": create("alice")}}
    boto3.client("dynamodb").put_item(TableName="marks", Item=mark)

    assert sweep(context)["missing"] == {}
    assert attached(iam, "alice") == ["mfa-control"]


def test_marks_are_read_after_everybody_for_one_may_be_set_meanwhile(calls: Calls, context: Context) -> None:
    sweep(context)

    assert calls.index("GetAccountAuthorizationDetails") < calls.index("Query")


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(
    iam: "IAMClient",
    stack: Stack,
    create: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    calls: Calls,
    context: Context,
    log: Log,
) -> None:
    monkeypatch.setenv("DRY_RUN", "true")
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)

    summary = sweep(context)

    assert sorted(calls) == sorted(LOOKS)
    assert summary["missing"] == {"not-attached": 1}
    assert log.entry("Would attach the policy")["user_name"] == "alice"
    assert log.entry("Would ask for a release")["user_name"] == "robot"


def test_writes_are_paced_at_five_a_second(create: Callable[..., str], context: Context, slept: list[float]) -> None:
    for number in range(6):
        create(f"user{number}")

    sweep(context)

    assert sum(slept) == pytest.approx(1.0)


def test_a_run_that_is_out_of_time_goes_on_in_another_until_everybody_is_enforced(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, log: Log
) -> None:
    for number in range(5):
        create(f"user{number}")
    calls.answer("Invoke", "{}", "{}", "{}")
    left: list[int] = []

    event: dict[str, Any] = {}
    while not left or left[-1]:
        left.append(sweep(LongContext(looks=[2]), event)["left"])
        event = {"run": event.get("run", 1) + 1}

    assert left == [3, 1, 0]
    assert calls.count("Invoke") == 2
    assert calls.count("AttachUserPolicy") == 5
    assert all(attached(iam, f"user{number}") for number in range(5))


def test_the_next_run_is_told_its_number_and_the_last_one_starts_no_other(
    create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(LongContext(looks=[0]), {"action": "reconcile"})
    sweep(LongContext(looks=[0]), {"run": 5})

    assert sent == [{"run": 2}]
    assert "SweepsCompleted" not in capsys.readouterr().out


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
        return stack.ops.told()

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
    first = stack.ops.told()
    sweep(context)

    assert (first, stack.ops.told()) == ([], ["exempted"])


def test_remembers_everybody_whom_the_policy_holds(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    """A user who had the policy at a sweep stays in scope, though older, and though no event tells of it."""
    monkeypatch.setenv("EXISTING_USERS", "enforce")
    for name in ("alice", "bob"):
        create(name)
    iam.attach_user_policy(UserName="bob", PolicyArn=stack.policy_arn)
    sweep(context)

    monkeypatch.setenv("EXISTING_USERS", "report")
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")
    for name in ("alice", "bob"):
        iam.detach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
        iam.update_user(UserName=name, NewUserName=f"{name}2")
    sweep(context)

    assert attached(iam, "alice2") == attached(iam, "bob2") == ["mfa-control"]


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


@pytest.mark.parametrize("run", [None, "x", [], True, 1.5])
def test_begins_with_the_first_run_whatever_else_an_event_holds(
    create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, run: object
) -> None:
    """Anybody may invoke the function by hand; only a number that the run before sent is one."""
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(LongContext(looks=[0]), {"run": run})

    assert sent == [{"run": 2}]


def test_a_notice_that_could_not_be_sent_is_sent_by_the_next_sweep(
    stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    calls.fail("AddUserToGroup", "LimitExceeded", times=2)
    calls.fail("Publish", "InternalError", status=500, times=5)

    with pytest.raises(ClientError, match="InternalError"):
        sweep(context)
    sweep(context)

    assert "alice" in stack.ops.read()


def test_whoever_is_exempted_or_deleted_before_a_late_turn_is_spared(
    iam: "IAMClient",
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
            mark = UserFlagWriter(Table(boto3.client("dynamodb"), "marks", ACCOUNT))
            mark.flag_deletion_pending(erin, super().now(tz) + timedelta(hours=1))
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
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    enforce_by: str,
) -> None:
    monkeypatch.setenv("ENFORCE_BY", enforce_by)
    create("alice")
    iam.add_user_to_group(UserName="alice", GroupName=stack.group)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    calls.fail("AttachGroupPolicy", "LimitExceeded")

    sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.told() == ["policy-changed"]


def test_a_policy_that_is_not_the_deployed_version_is_told_to_ops_once_a_day(
    iam: "IAMClient", stack: Stack, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = iam_backends[ACCOUNT]["aws"].managed_policies[stack.policy_arn]
    monkeypatch.setattr(policy, "update_date", datetime.now(UTC) - timedelta(hours=2))
    monkeypatch.setenv("POLICY_VERSION", "v7")

    assert [sweep(context)["PolicyDrift"] for _ in range(2)] == [1, 1]
    assert "v1; v7 was deployed" in " ".join(stack.ops.read().split())


def test_what_the_dashboard_shows_is_counted_by_reason_too(
    iam: "IAMClient",
    create: Callable[..., str],
    context: Context,
    capsys: pytest.CaptureFixture[str],
) -> None:
    create("alice")
    create("robot", exempt="CI")
    create("backup", path="/service/")

    sweep(context)

    printed = metrics(capsys.readouterr().out)
    [total] = [line for line in printed if "UsersEnforced" in line]
    assert (total["UsersEnforced"], total["UsersExempt"], total["UsersMissing"]) == ([1], [2], [0])
    reasons = {line["reason"]: line["UsersExempt"] for line in printed if "reason" in line}
    assert reasons == {"by-tag": [1], "by-path": [1]}


@pytest.mark.parametrize("completed", [True, False])
def test_a_sweep_counts_as_completed_only_where_all_of_it_was_done(
    create: Callable[..., str], calls: Calls, context: Context, capsys: pytest.CaptureFixture[str], completed: bool
) -> None:
    create("alice")
    if not completed:
        calls.fail("AttachUserPolicy", "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises(SweepIncomplete):
        sweep(context)

    assert ("SweepsCompleted" in capsys.readouterr().out) == completed


@pytest.mark.parametrize("operation", sorted({*LOOKS}))
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_a_read_that_fails_ends_the_sweep_before_anything_is_written_and_the_next_makes_up_for_it(
    iam: "IAMClient",
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    operation: str,
    code: str,
    status: int,
) -> None:
    create("alice")
    calls.fail(operation, code, status=status, times=1 if code == "AccessDenied" else 5)

    with pytest.raises(Exception, match=code):
        sweep(context)
    before = attached(iam, "alice")
    sweep(context)

    assert (before, attached(iam, "alice")) == ([], ["mfa-control"])


@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403), ("ConcurrentModification", 409)],
)
def test_a_user_who_cannot_be_attached_keeps_nobody_else_from_it_and_fails_the_sweep(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context, code: str, status: int, log: Log
) -> None:
    for name in ("alice", "bob"):
        create(name)
    calls.fail("AttachUserPolicy", code, status=status, times=5 if code in {"Throttling", "ServiceFailure"} else 1)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert sorted([*attached(iam, "alice"), *attached(iam, "bob")]) == ["mfa-control"]
    assert log.entry("Sweep done")["missing"] == {"not-attached": 1}
    assert sweep(context)["UsersEnforced"] == 2


def test_a_release_that_cannot_be_asked_for_fails_the_sweep_after_everybody_is_enforced(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    calls.fail("SendMessage", "InternalError", status=500, times=5)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]


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


def test_a_user_who_was_deleted_meanwhile_is_nobodys_fault(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "NoSuchEntity", status=404)

    assert sweep(context)["UsersMissing"] == 0


def test_a_wrong_environment_stops_the_sweep(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    monkeypatch.setenv("EXISTING_USERS", "some")

    with pytest.raises(InvalidSetting, match="EXISTING_USERS: expected one of report, enforce"):
        sweep(context)
