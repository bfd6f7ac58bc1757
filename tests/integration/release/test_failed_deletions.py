"""The release handler on deletions that failed because of the policy."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from domain.enforcement.release_request import ReleaseRequest
from release.handler import lambda_handler
from tests.integration.conftest import Calls, attached, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.release.conftest import ReadText, backdate, conflict, flags

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


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
    assert "Policy detached from alice so that the user can be deleted" in notice
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
    assert notices[-1]["Subject"] == "Policy stays on alice: too many failed deletions this week"


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


def test_earlier_user_of_the_name(
    iam: "IAMClient", create_enforced: Callable[..., str], context: Context, event_text: ReadText
) -> None:
    """The failed deletion of an earlier user of the name does not release the present one."""
    create_enforced("alice")
    backdate("alice", timedelta(minutes=5))

    lambda_handler(batch(conflict(event_text, "alice", ago=timedelta(minutes=10))), context)

    assert attached(iam, "alice") == ["mfa-control", "other"]
