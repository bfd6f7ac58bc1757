"""The release handler on moto: the users that it releases, from what, and the users that it does not."""

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
def create_enforced(iam: "IAMClient", stack: Stack) -> Callable[..., str]:
    """Create a user with the policy and the group, and with another policy and another group; return the id."""
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


def test_detaches_only_the_policy(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """An exempt user loses the policy and the group of the stack, and nothing else."""
    request = ReleaseRequest(create_enforced("robot", reason="CI"), "robot", TAGGED)

    response = lambda_handler(batch(request.to_json()), context)

    assert failed(response) == []
    assert attached(iam, "robot") == ["other"]
    assert (members(iam, stack.group), members(iam, "developers")) == ([], ["robot"])


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


def test_trusts_no_caller_in_a_request(
    stack: Stack, create_enforced: Callable[..., str], context: Context, log: Log
) -> None:
    """An unknown exemption is reported without the caller in the request, which may be forged."""
    request = ReleaseRequest(create_enforced("robot", reason="CI robot: keys only"), "robot", TAGGED)

    lambda_handler(batch(request.to_json(), request.to_json()), context)

    notice = stack.ops.read()
    assert "1 user is exempt from MFA now" in notice
    assert "CI robot: keys only" in notice
    assert "admin-jane" not in notice
    assert log.entry("User released")["reason"] == "CI robot: keys only"
    assert log.entry("User released")["correlation_id"] == TAGGED.event_id


def test_reported_exemption(stack: Stack, create_enforced: Callable[..., str], context: Context) -> None:
    """An exemption that its event has reported is not reported again."""
    robot = create_enforced("robot", reason="CI")
    stack.flags.put(kind={"S": "exempt"}, subject={"S": robot}, exemption={"S": "tag CI"})

    lambda_handler(batch(ReleaseRequest(robot, "robot", TAGGED).to_json()), context)

    assert stack.ops.kinds() == []


def test_outdated_requests(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """A request changes nothing if the exemption ended, another user has the name, or the user is deleted."""
    alice = create_enforced("alice")
    requests = [ReleaseRequest(alice, "alice"), ReleaseRequest("AIDAOLDER", "alice"), ReleaseRequest("AIDA", "gone")]

    response = lambda_handler(batch(*(request.to_json() for request in requests)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control", "other"]
    assert stack.ops.kinds() == []


def test_failed_deletion(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """A user whose deletion failed is released, and flagged for an hour from the failure."""
    user_id = create_enforced("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=10))), context)

    assert attached(iam, "alice") == ["other"]
    [flag] = flags(stack, "leaving")
    assert flag["subject"]["S"] == user_id
    assert int(flag["expires"]["N"]) - datetime.now(UTC).timestamp() == pytest.approx(50 * 60, abs=30)


def test_deletion_in_the_future(
    stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """A deletion with a future date sets the flag for an hour from now."""
    create_enforced("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(days=-365))), context)

    [flag] = flags(stack, "leaving")
    assert int(flag["expires"]["N"]) - datetime.now(UTC).timestamp() == pytest.approx(60 * 60, abs=30)


def test_flags_released_users(
    stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """A released user stays flagged as enforced: an exempt one permanently, a deleted one for a time."""
    robot, alice = create_enforced("robot", reason="CI"), create_enforced("alice")

    lambda_handler(batch(ReleaseRequest(robot, "robot").to_json(), conflict(event_text, "alice")), context)

    remembered = {flag["subject"]["S"]: "expires" in flag for flag in flags(stack, "held")}
    assert remembered == {robot: False, alice: True}


def test_keeps_a_permanent_flag(
    stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """A failed deletion does not add an expiry to a permanent flag."""
    user_id = create_enforced("alice")
    permanent = {"kind": {"S": "held"}, "subject": {"S": user_id}}
    stack.flags.put(**permanent)

    lambda_handler(batch(conflict(event_text, "alice")), context)

    assert flags(stack, "held") == [permanent]


def test_flags_before_detaching(
    create_enforced: Callable[..., str], calls: Calls, context: Context, event_text: ReadText
) -> None:
    """The flags are written before the policy and the group are detached."""
    create_enforced("alice")

    lambda_handler(batch(conflict(event_text, "alice")), context)

    begin = calls.index("DetachUserPolicy")
    assert calls[begin - 2 : begin + 2] == ["PutItem", "PutItem", "DetachUserPolicy", "RemoveUserFromGroup"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("uncovered", {}),
        ("nobody", {}),
        ("alice", {"ago": timedelta(hours=2)}),
        ("alice", {"errorCode": "AccessDenied"}),
        ("alice", {"errorMessage": "Cannot delete entity, must delete login profile first."}),
        ("alice", {"eventName": "DeleteRole"}),
    ],
)
def test_unrelated_failures(
    iam: "IAMClient",
    stack: Stack,
    create_enforced: Callable[..., str],
    context: Context,
    event_text: ReadText,
    name: str,
    changes: dict[str, Any],
) -> None:
    """A failure that the policy did not cause, or that is too old, changes nothing."""
    create_enforced("alice")
    iam.create_user(UserName="uncovered")

    response = lambda_handler(batch(conflict(event_text, name, **changes)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control", "other"]
    assert flags(stack, "leaving") == flags(stack, "held") == []


def test_reports_a_deletion_once(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """A release because of a deletion is reported once a day, with the caller."""
    create_enforced("alice")

    for _ in range(2):
        lambda_handler(batch(conflict(event_text, "alice")), context)
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    notice = stack.ops.read()
    assert "alice is let go to be deleted" in notice
    assert "assumed-role/terraform-deploy" in notice


def test_stops_after_three_deletions(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """The fourth failed deletion of a week releases no user and alarms ops once."""
    create_enforced("alice")
    released = []

    for _ in range(5):
        lambda_handler(batch(conflict(event_text, "alice")), context)
        released.append(attached(iam, "alice") == ["other"])
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    assert released == [True, True, True, False, False]
    notices = [json.loads(body) for body in stack.ops.take()]
    assert [notice["MessageAttributes"]["severity"]["Value"] for notice in notices] == ["information", "alarm"]
    assert notices[-1]["Subject"] == "alice is let go for deletions no more"


def test_deletion_without_the_topic(
    iam: "IAMClient",
    stack: Stack,
    create_enforced: Callable[..., str],
    calls: Calls,
    context: Context,
    event_text: ReadText,
) -> None:
    """A user is not released because of a deletion until ops are notified of it."""
    create_enforced("alice")
    calls.fail("Publish", "AuthorizationError", status=403)
    messages = batch(conflict(event_text, "alice"))

    first = failed(lambda_handler(messages, context)), attached(iam, "alice")
    second = failed(lambda_handler(messages, context)), attached(iam, "alice")

    assert (first, second) == ((["m0"], ["mfa-control", "other"]), ([], ["other"]))
    assert stack.ops.kinds() == ["deletion"]


def test_repeats_a_failed_notice(
    stack: Stack, create_enforced: Callable[..., str], calls: Calls, context: Context
) -> None:
    """An exemption that could not be reported is reported by the next try."""
    calls.fail("Publish", "AuthorizationError", status=403)
    messages = batch(ReleaseRequest(create_enforced("robot", reason="CI"), "robot", TAGGED).to_json())

    first, second = (failed(lambda_handler(messages, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert stack.ops.kinds() == ["exempted"]


def test_request_of_a_sweep(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """A user that a sweep hands over is released without another notice."""
    lambda_handler(batch(ReleaseRequest(create_enforced("robot", reason="CI"), "robot").to_json()), context)

    assert attached(iam, "robot") == ["other"]
    assert stack.ops.kinds() == []


def test_flag_outlives_the_sweeps(
    stack: Stack, create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """The flag of a released user outlives the next sweeps, so that a deletion given up exempts nobody."""
    create_enforced("alice")

    lambda_handler(batch(conflict(event_text, "alice")), context)

    [flag] = flags(stack, "held")
    assert int(flag["expires"]["N"]) > (datetime.now(UTC) + timedelta(days=30)).timestamp()


@pytest.mark.parametrize(("minutes", "released"), [(59, True), (61, False)])
def test_late_deletion(
    iam: "IAMClient",
    create_enforced: Callable[..., str],
    context: Context,
    event_text: ReadText,
    minutes: int,
    released: bool,
) -> None:
    """A deletion that failed more than an hour ago releases no user."""
    create_enforced("alice")

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=minutes))), context)

    assert (attached(iam, "alice") == ["other"]) == released


def test_too_late_to_begin(iam: "IAMClient", create_enforced: Callable[..., str], event_text: ReadText) -> None:
    """A message goes back untouched if less time is left than a release may take."""
    create_enforced("alice")

    late = Context("ReleaseFunction", left=24_000)

    assert failed(lambda_handler(batch(conflict(event_text, "alice")), late)) == ["m0"]
    assert attached(iam, "alice") == ["mfa-control", "other"]


def test_earlier_user_of_the_name(
    iam: "IAMClient", create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """The failed deletion of an earlier user of the name does not release the present one."""
    create_enforced("alice")
    backdate("alice", timedelta(minutes=5))

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=10))), context)

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
