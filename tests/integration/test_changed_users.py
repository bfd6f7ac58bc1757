"""The enforce handler on users who changed: who gets the policy back, who is to be released, and when it gives in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from domain.release_requests import ReleaseRequest
from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, Context, Log, Stack, attached, batch, failed, members

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    return stack


@pytest.fixture
def alice(iam: "IAMClient") -> str:
    """A user's id."""
    return iam.create_user(UserName="alice")["User"]["UserId"]


def tagged(iam: "IAMClient", value: str = "CI robot") -> None:
    iam.tag_user(UserName="alice", Tags=[{"Key": "mfa-exempt", "Value": value}])


def at_this_moment(text: str) -> str:
    event = json.loads(text)
    event["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    return json.dumps(event)


def leaving(user_id: str, until: datetime) -> None:
    item: dict[str, Any] = {
        "kind": {"S": "leaving"},
        "subject": {"S": user_id},
        "expires": {"N": str(int(until.timestamp()))},
    }
    boto3.client("dynamodb").put_item(TableName="marks", Item=item)


@pytest.mark.parametrize("event", ["detach_user_policy", "remove_user_from_group", "untag_user_exempt"])
def test_a_user_from_whom_the_enforcement_was_taken_gets_it_back(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText, log: Log, event: str
) -> None:
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]
    assert log.entry("Policy attached again")["caller"] == "arn:aws:iam::111122223333:user/admin-jane"


def test_a_user_whom_the_group_still_holds_needs_nothing(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    iam.add_user_to_group(GroupName=stack.group, UserName="alice")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), members(iam, stack.group)) == ([], ["alice"])


def test_an_exempt_user_who_is_held_is_asked_to_be_released_and_nothing_is_detached_here(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt")), context)

    [request] = [ReleaseRequest.from_json(body) for body in stack.requests.take()]
    assert (request.user_id, request.user_name) == (alice, "alice")
    assert request.after is not None
    assert request.after.caller == "arn:aws:iam::111122223333:user/admin-jane"
    assert attached(iam, "alice") == ["mfa-control"]
    assert not {"DetachUserPolicy", "RemoveUserFromGroup"} & set(calls)


def test_an_exempt_user_who_is_free_is_left_alone(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt"), event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])


def test_a_user_who_moved_under_an_exempt_path_by_another_name_is_found(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    iam.create_user(UserName="alice.smith", Path="/service/")
    iam.attach_user_policy(UserName="alice.smith", PolicyArn=stack.policy_arn)

    lambda_handler(batch(event_text("update_user_rename")), context)

    assert len(stack.requests.take()) == 1


def test_a_user_who_is_older_than_the_deployment_is_only_reported(
    iam: "IAMClient",
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == []
    assert log.entry("User left alone")["reason"] == "older-than-the-deployment"


@pytest.mark.parametrize("event", ["detach_user_policy", "remove_user_from_group"])
def test_an_older_user_from_whom_the_enforcement_was_taken_gets_it_back_and_stays_in_scope(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    event: str,
) -> None:
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")

    lambda_handler(batch(at_this_moment(event_text(event))), context)
    before = attached(iam, "alice")
    iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert (before, attached(iam, "alice")) == (["mfa-control"], ["mfa-control"])


def test_what_was_taken_off_an_earlier_user_of_the_name_proves_nothing(
    iam: "IAMClient", alice: str, monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == []


def test_existing_users_are_enforced_when_ops_say_so(
    iam: "IAMClient", alice: str, monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")
    monkeypatch.setenv("EXISTING_USERS", "enforce")

    lambda_handler(batch(event_text("untag_user_exempt")), context)

    assert attached(iam, "alice") == ["mfa-control"]


def test_without_a_date_the_policy_itself_is_the_border(
    iam: "IAMClient", alice: str, monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    """The policy was created before the user here."""
    monkeypatch.setenv("EXISTING_USERS_SINCE", "")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize(("ends_in", "given_back"), [(timedelta(minutes=5), False), (timedelta(minutes=-5), True)])
def test_a_user_who_is_being_deleted_is_left_alone_for_as_long_as_the_mark_holds(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText, ends_in: timedelta, given_back: bool
) -> None:
    leaving(alice, datetime.now(UTC) + ends_in)

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice") == ["mfa-control"]) == given_back


def test_a_user_who_was_deleted_meanwhile_is_done(context: Context, event_text: ReadText) -> None:
    assert failed(lambda_handler(batch(event_text("detach_user_policy")), context)) == []


def test_after_three_times_a_day_ops_are_alarmed_once_instead(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    for _ in range(5):
        lambda_handler(batch(event_text("detach_user_policy")), context)
        if attached(iam, "alice"):
            iam.detach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)

    assert attached(iam, "alice") == []
    notice = stack.ops.read()
    assert "Somebody keeps undoing the enforcement of alice" in notice
    assert "arn:aws:iam::111122223333:user/admin-jane" in notice


def test_an_event_delivered_again_counts_only_what_was_put_back(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    for _ in range(9):
        lambda_handler(batch(event_text("detach_user_policy")), context)

    assert stack.ops.told() == []


def test_what_could_not_be_put_back_is_not_counted_and_nobody_is_alarmed(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    calls.fail("AttachUserPolicy", "ConcurrentModification", times=3)
    events = batch(event_text("detach_user_policy"))

    tries = [failed(lambda_handler(events, context)) for _ in range(4)]

    assert tries == [["m0"], ["m0"], ["m0"], []]
    assert attached(iam, "alice") == ["mfa-control"]
    assert stack.ops.told() == []


def test_a_dry_run_neither_attaches_nor_asks(
    iam: "IAMClient",
    stack: Stack,
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    monkeypatch.setenv("DRY_RUN", "true")

    lambda_handler(batch(event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])
    assert log.entry("Would act")["decision"] == "Attach"


@pytest.mark.parametrize(
    "operation",
    ["GetUser", "ListAttachedUserPolicies", "ListGroupsForUser", "GetPolicy", "AttachUserPolicy"],
)
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_whatever_fails_goes_back_to_the_queue_and_succeeds_the_next_time(
    iam: "IAMClient",
    alice: str,
    calls: Calls,
    context: Context,
    event_text: ReadText,
    operation: str,
    code: str,
    status: int,
) -> None:
    calls.fail(operation, code, status=status, times=1 if code == "AccessDenied" else 5)
    events = batch(event_text("detach_user_policy"))

    first, second = (failed(lambda_handler(events, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize("operation", ["Query", "GetItem", "UpdateItem"])
def test_a_table_that_does_not_answer_leaves_the_message_in_the_queue(
    iam: "IAMClient", alice: str, calls: Calls, context: Context, event_text: ReadText, operation: str
) -> None:
    calls.fail(operation, "InternalServerError", status=500, times=5)
    events = batch(event_text("detach_user_policy"))

    first, second = (failed(lambda_handler(events, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])


@pytest.mark.parametrize(
    ("event", "advice"),
    [
        ("create_policy_version", "set-default-policy-version"),
        ("set_default_policy_version", "--version-id v1"),
        ("delete_policy", "Deploy with another PolicyName"),
        ("detach_group_policy", "attaches the policy to the group again"),
        ("delete_group", "enforced no longer"),
    ],
)
def test_ops_are_told_who_changed_the_enforcement_when_from_where_and_what_to_do(
    stack: Stack, calls: Calls, context: Context, event_text: ReadText, event: str, advice: str
) -> None:
    call = json.loads(event_text(event))["detail"]["eventName"]

    lambda_handler(batch(event_text(event)), context)

    notice = stack.ops.read()
    for part in (call, "user/admin-jane", "2026-11-24 09:15:02 UTC", "203.0.113.24"):
        assert part in notice
    assert advice in " ".join(notice.split())
    assert calls == ["Publish"]
