"""The release handler on moto: who is let go, of what, and who is not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.iam.models import iam_backends

from domain.api_call import ApiCall
from domain.enforcement.release_request import ReleaseRequest
from release.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed, members
from tests.integration.deployment import ACCOUNT, Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]
NOW = datetime.now(UTC)
TAGGED = ApiCall(
    "TagUser", "arn:aws:iam::111122223333:user/admin-jane", NOW, "203.0.113.24", "6c2f8b1e-9d0a-4f37-8e55-1b7c0d9a2f64"
)


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.run("ReleaseFunction")
    return stack


@pytest.fixture
def context() -> Context:
    return Context("ReleaseFunction")


@pytest.fixture
def held(iam: "IAMClient", stack: Stack) -> Callable[..., str]:
    """Create a user whom policy and group hold, next to another policy and another group; return the id."""
    iam.create_group(GroupName="developers")
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    other = iam.create_policy(PolicyName="other", PolicyDocument=allow)

    def create(name: str, **tags: str) -> str:
        user = iam.create_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": value} for value in tags.values()])
        iam.attach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
        iam.attach_user_policy(UserName=name, PolicyArn=other["Policy"]["Arn"])
        iam.add_user_to_group(GroupName=stack.group, UserName=name)
        iam.add_user_to_group(GroupName="developers", UserName=name)
        backdate(name)
        return user["User"]["UserId"]

    return create


def conflict(event_text: ReadText, name: str, *, ago: timedelta = timedelta(0), **detail: Any) -> str:  # noqa: ANN401
    """A deletion of the user that failed so long ago."""
    event = json.loads(event_text("delete_user_error_delete_conflict"))
    event["detail"]["requestParameters"]["userName"] = name
    event["detail"]["eventTime"] = (datetime.now(UTC) - ago).isoformat()
    event["detail"].update(detail)
    return json.dumps(event)


def backdate(name: str, age: timedelta = timedelta(days=1)) -> None:
    """Make a user older than the calls about that user."""
    iam_backends[ACCOUNT]["aws"].users[name].create_date = datetime.now(UTC) - age


def flags(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return [item for item in stack.flags.all() if item["kind"]["S"] == kind]


def test_an_exempt_user_is_freed_of_ours_and_of_nothing_else(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context
) -> None:
    request = ReleaseRequest(held("robot", reason="CI"), "robot", TAGGED)

    response = lambda_handler(batch(request.to_json()), context)

    assert failed(response) == []
    assert attached(iam, "robot") == ["other"]
    assert (members(iam, stack.group), members(iam, "developers")) == ([], ["robot"])


def test_the_sample_batch_looks_at_both_of_its_users_and_finds_neither_theirs(
    held: Callable[..., str], calls: Calls, context: Context, event_text: ReadText
) -> None:
    """Its alice is another one by her id, and the deletion was tried long ago."""
    held("alice", reason="CI")
    held("svc-terraform-demo")

    response = lambda_handler(json.loads(event_text("release_batch_of_two")), context)

    assert failed(response) == []
    assert calls.count("GetUser") == 2
    assert "DetachUserPolicy" not in calls


def test_trusts_no_caller_in_a_request(stack: Stack, held: Callable[..., str], context: Context, log: Log) -> None:
    """Ops are told of an exemption that they do not know of, but not of the caller: a request may hold any name."""
    request = ReleaseRequest(held("robot", reason="CI robot: keys only"), "robot", TAGGED)

    lambda_handler(batch(request.to_json(), request.to_json()), context)

    notice = stack.ops.read()
    assert "1 user is exempt from MFA now" in notice
    assert "CI robot: keys only" in notice
    assert "admin-jane" not in notice
    assert log.entry("User released")["reason"] == "CI robot: keys only"
    assert log.entry("User released")["correlation_id"] == TAGGED.event_id


def test_tells_nothing_that_ops_know(stack: Stack, held: Callable[..., str], context: Context) -> None:
    """An exemption that its event has told is not told again by its release."""
    robot = held("robot", reason="CI")
    stack.flags.put(kind={"S": "exempt"}, subject={"S": robot}, exemption={"S": "tag CI"})

    lambda_handler(batch(ReleaseRequest(robot, "robot", TAGGED).to_json()), context)

    assert stack.ops.kinds() == []


def test_a_request_that_comes_late_does_nothing(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context
) -> None:
    """The exemption is gone again; or another user bears the name by now; or nobody does."""
    alice = held("alice")
    requests = [ReleaseRequest(alice, "alice"), ReleaseRequest("AIDAOLDER", "alice"), ReleaseRequest("AIDA", "gone")]

    response = lambda_handler(batch(*(request.to_json() for request in requests)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control", "other"]
    assert stack.ops.kinds() == []


def test_a_user_whose_deletion_failed_is_let_go_and_marked_for_an_hour(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    user_id = held("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=10))), context)

    assert attached(iam, "alice") == ["other"]
    [flag] = flags(stack, "leaving")
    assert flag["subject"]["S"] == user_id
    assert int(flag["expires"]["N"]) - datetime.now(UTC).timestamp() == pytest.approx(50 * 60, abs=30)


def test_a_deletion_dated_in_the_future_frees_for_no_longer_than_another(
    stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    held("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(days=-365))), context)

    [flag] = flags(stack, "leaving")
    assert int(flag["expires"]["N"]) - datetime.now(UTC).timestamp() == pytest.approx(60 * 60, abs=30)


def test_a_user_who_was_let_go_is_remembered_for_good_when_exempt_and_past_the_next_sweeps_when_being_deleted(
    stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    robot, alice = held("robot", reason="CI"), held("alice")

    lambda_handler(batch(ReleaseRequest(robot, "robot").to_json(), conflict(event_text, "alice")), context)

    remembered = {flag["subject"]["S"]: "expires" in flag for flag in flags(stack, "held")}
    assert remembered == {robot: False, alice: True}


def test_a_deletion_that_is_given_up_shortens_nothing_that_is_remembered_for_good(
    stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    user_id = held("alice")
    permanent = {"kind": {"S": "held"}, "subject": {"S": user_id}}
    stack.flags.put(**permanent)

    lambda_handler(batch(conflict(event_text, "alice")), context)

    assert flags(stack, "held") == [permanent]


def test_the_mark_is_written_before_anything_is_detached(
    held: Callable[..., str], calls: Calls, context: Context, event_text: ReadText
) -> None:
    held("alice")

    lambda_handler(batch(conflict(event_text, "alice")), context)

    begin = calls.index("DetachUserPolicy")
    assert calls[begin - 2 : begin + 2] == ["PutItem", "PutItem", "DetachUserPolicy", "RemoveUserFromGroup"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("free", {}),
        ("nobody", {}),
        ("alice", {"ago": timedelta(hours=2)}),
        ("alice", {"errorCode": "AccessDenied"}),
        ("alice", {"errorMessage": "Cannot delete entity, must delete login profile first."}),
        ("alice", {"eventName": "DeleteRole"}),
    ],
)
def test_a_deletion_that_we_do_not_stand_in_the_way_of_changes_nothing(
    iam: "IAMClient",
    stack: Stack,
    held: Callable[..., str],
    context: Context,
    event_text: ReadText,
    name: str,
    changes: dict[str, Any],
) -> None:
    held("alice")
    iam.create_user(UserName="free")

    response = lambda_handler(batch(conflict(event_text, name, **changes)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control", "other"]
    assert flags(stack, "leaving") == flags(stack, "held") == []


def test_ops_are_told_of_a_user_who_is_let_go_to_be_deleted_once_a_day_and_by_whom(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    held("alice")

    for _ in range(2):
        lambda_handler(batch(conflict(event_text, "alice")), context)
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    notice = stack.ops.read()
    assert "alice is let go to be deleted" in notice
    assert "assumed-role/terraform-deploy" in notice


def test_the_fourth_failed_deletion_of_a_week_frees_nobody_and_alarms_ops(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    held("alice")
    freed = []

    for _ in range(5):
        lambda_handler(batch(conflict(event_text, "alice")), context)
        freed.append(attached(iam, "alice") == ["other"])
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    assert freed == [True, True, True, False, False]
    notices = [json.loads(body) for body in stack.ops.take()]
    assert [notice["MessageAttributes"]["severity"]["Value"] for notice in notices] == ["information", "alarm"]
    assert notices[-1]["Subject"] == "alice is let go for deletions no more"


def test_a_deletion_that_could_not_be_told_frees_nobody_until_it_is_told(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], calls: Calls, context: Context, event_text: ReadText
) -> None:
    held("alice")
    calls.fail("Publish", "AuthorizationError", status=403)
    messages = batch(conflict(event_text, "alice"))

    first = failed(lambda_handler(messages, context)), attached(iam, "alice")
    second = failed(lambda_handler(messages, context)), attached(iam, "alice")

    assert (first, second) == ((["m0"], ["mfa-control", "other"]), ([], ["other"]))
    assert stack.ops.kinds() == ["deletion"]


def test_ops_are_told_of_an_exempt_user_by_a_later_try_where_the_first_could_not(
    stack: Stack, held: Callable[..., str], calls: Calls, context: Context
) -> None:
    calls.fail("Publish", "AuthorizationError", status=403)
    messages = batch(ReleaseRequest(held("robot", reason="CI"), "robot", TAGGED).to_json())

    first, second = (failed(lambda_handler(messages, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert stack.ops.kinds() == ["exempted"]


def test_whom_a_sweep_found_is_let_go_without_another_notice(
    iam: "IAMClient", stack: Stack, held: Callable[..., str], context: Context
) -> None:
    lambda_handler(batch(ReleaseRequest(held("robot", reason="CI"), "robot").to_json()), context)

    assert attached(iam, "robot") == ["other"]
    assert stack.ops.kinds() == []


def test_an_older_user_whose_deletion_was_given_up_is_remembered_for_weeks(
    stack: Stack, held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """The mark outlives the next sweeps, whatever their schedule, so that giving up a deletion frees nobody."""
    held("alice")

    lambda_handler(batch(conflict(event_text, "alice")), context)

    [flag] = flags(stack, "held")
    assert int(flag["expires"]["N"]) > (datetime.now(UTC) + timedelta(days=30)).timestamp()


@pytest.mark.parametrize(("minutes", "free"), [(59, True), (61, False)])
def test_a_deletion_that_failed_more_than_an_hour_ago_frees_nobody(
    iam: "IAMClient", held: Callable[..., str], context: Context, event_text: ReadText, minutes: int, free: bool
) -> None:
    """A message that comes late frees a user for what is left of the hour, and not at all when it is over."""
    held("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=minutes))), context)

    assert (attached(iam, "alice") == ["other"]) == free


def test_begins_no_release_that_it_may_not_finish(
    iam: "IAMClient", held: Callable[..., str], event_text: ReadText
) -> None:
    """With less time left than a release may take, the message goes back as it came."""
    held("alice")

    late = Context("ReleaseFunction", left=24_000)

    assert failed(lambda_handler(batch(conflict(event_text, "alice")), late)) == ["m0"]
    assert attached(iam, "alice") == ["mfa-control", "other"]


def test_the_failed_deletion_of_an_earlier_user_frees_nobody_who_bears_the_name_now(
    iam: "IAMClient", held: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    held("alice")
    backdate("alice", timedelta(minutes=5))

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=10))), context)

    assert attached(iam, "alice") == ["mfa-control", "other"]


def test_a_dry_run_lets_nobody_go(
    iam: "IAMClient",
    stack: Stack,
    held: Callable[..., str],
    context: Context,
    event_text: ReadText,
) -> None:
    stack.update(DryRun="true")
    request = ReleaseRequest(held("robot", reason="CI"), "robot")
    held("alice")

    lambda_handler(batch(request.to_json(), conflict(event_text, "alice")), context)

    assert attached(iam, "robot") == attached(iam, "alice") == ["mfa-control", "other"]
    assert (stack.ops.kinds(), flags(stack, "leaving"), flags(stack, "held")) == ([], [], [])


@pytest.mark.parametrize("body", ['{"release": {}}', '{"release": 7}', "[]", "release", "{}"])
def test_a_message_that_is_neither_goes_back(context: Context, body: str) -> None:
    assert failed(lambda_handler(batch(body), context)) == ["m0"]


@pytest.mark.parametrize(
    "operation", ["GetUser", "ListAttachedUserPolicies", "ListGroupsForUser", "DetachUserPolicy", "RemoveUserFromGroup"]
)
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_whatever_fails_is_done_the_next_time(
    iam: "IAMClient",
    stack: Stack,
    held: Callable[..., str],
    calls: Calls,
    context: Context,
    operation: str,
    code: str,
    status: int,
) -> None:
    messages = batch(ReleaseRequest(held("robot", reason="CI"), "robot").to_json())
    calls.keep_failing(operation, code, status=status)

    first, second = (failed(lambda_handler(messages, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert (attached(iam, "robot"), members(iam, stack.group)) == (["other"], [])
