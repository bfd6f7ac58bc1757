"""The enforce handler on users who changed: who gets the policy back, who is to be released, and when it gives in."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from domain.enforcement.release_request import ReleaseRequest
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


def deletion_pending(user_id: str, until: datetime) -> None:
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


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_tells_ops_who_exempted_a_user_whether_or_not_the_policy_is_on_the_user(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText, held: bool, gone: bool
) -> None:
    """A tag that exempts is told to ops once, with the caller, though the policy was detached or the user renamed."""
    iam.create_user(UserName="alice")
    if held:
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    if gone:
        iam.update_user(UserName="alice", NewUserName="robot")
    event = at_this_moment(event_text("tag_user_exempt"))

    for _ in range(2):
        lambda_handler(batch(event), context)

    notice = stack.ops.read()
    assert "alice is exempt from MFA now" in notice
    assert "user/admin-jane" in notice
    assert bool(stack.requests.take()) == (held and not gone)


def test_tells_ops_who_moved_a_user_under_an_exempt_path(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    """A move under an exempt path exempts a user as a tag does."""
    event = json.loads(at_this_moment(event_text("update_user_path")))
    event["detail"]["requestParameters"]["newPath"] = "/service/ci/"
    iam.create_user(UserName="alice", Path="/service/ci/")

    lambda_handler(batch(json.dumps(event)), context)

    notice = stack.ops.read()
    assert "exempt by path (path /service/)" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_asks_for_the_release_although_ops_cannot_be_told(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """An exempt user is released although the topic does not answer; the message comes back until ops are told."""
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    calls.fail("Publish", "AuthorizationError", status=403)

    first = failed(lambda_handler(batch(event_text("tag_user_exempt")), context)), len(stack.requests.take())
    second = failed(lambda_handler(batch(event_text("tag_user_exempt")), context))

    assert (first, second) == ((["m0"], 1), [])
    assert stack.ops.told() == ["exempted"]


def test_a_lost_answer_of_the_table_loses_no_notice_and_counts_once(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """DynamoDB's answer to a write may be lost: botocore then writes again, and ops are told and counted as before."""
    tagged(iam)
    calls.lose_answer("PutItem")
    lambda_handler(batch(event_text("tag_user_exempt")), context)
    iam.untag_user(UserName="alice", TagKeys=["mfa-exempt"])
    calls.lose_answer("UpdateItem")
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    items = boto3.client("dynamodb").scan(TableName="marks")["Items"]
    assert stack.ops.told() == ["exempted"]
    assert [item["times"]["N"] for item in items if item["kind"]["S"] == "attached"] == ["1"]


def test_an_exempt_user_who_is_free_is_left_alone(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt"), event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])


@pytest.mark.parametrize("first", ["detach_user_policy", "update_user_rename"])
def test_a_renamed_user_stays_in_scope(
    iam: "IAMClient",
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    first: str,
) -> None:
    """The events of a detachment and of the rename after it bring the policy back, whatever the user's age."""
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01" if first == "detach_user_policy" else "2020-01-01")
    events = [at_this_moment(event_text(name)) for name in ("detach_user_policy", "update_user_rename")]
    iam.update_user(UserName="alice", NewUserName="alice.smith")

    for event in events if first == "detach_user_policy" else reversed(events):
        assert failed(lambda_handler(batch(event), context)) == []

    assert attached(iam, "alice.smith") == ["mfa-control"]


def test_a_rename_long_after_a_detachment_proves_nothing(
    iam: "IAMClient", monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    """A name whose bearer lost the policy and was deleted puts no other user in scope who is renamed from it before."""
    monkeypatch.setenv("EXISTING_USERS_SINCE", "2100-01-01")
    renamed = at_this_moment(event_text("update_user_rename"))
    lambda_handler(batch(at_this_moment(event_text("detach_user_policy"))), context)
    iam.create_user(UserName="alice.smith")

    lambda_handler(batch(renamed), context)

    assert attached(iam, "alice.smith") == []


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
    deletion_pending(alice, datetime.now(UTC) + ends_in)

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


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
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

    lambda_handler(batch(event_text(event), event_text(event)), context)

    notice = stack.ops.read()
    for part in (call, "user/admin-jane", "2026-11-24 09:15:02 UTC", "203.0.113.24"):
        assert part in notice
    assert advice in " ".join(notice.split())
    assert calls.count("Publish") == 1


@pytest.mark.parametrize(
    ("request_parameters", "advice"),
    [
        ({"newGroupName": "mfa-old"}, "aws iam update-group --group-name mfa-old --new-group-name mfa-control"),
        ({"newPath": "/elsewhere/"}, "Nothing is to be done"),
    ],
)
def test_tells_what_an_update_of_the_group_changes(
    stack: Stack, context: Context, event_text: ReadText, request_parameters: dict[str, str], advice: str
) -> None:
    """A group that is renamed or moved keeps its members and policies, and ops are told so."""
    event = json.loads(event_text("delete_group"))
    event["detail"].update(
        eventName="UpdateGroup", requestParameters={"groupName": "mfa-control", **request_parameters}
    )

    lambda_handler(batch(json.dumps(event)), context)

    notice = stack.ops.read()
    assert advice in notice
    assert "enforced no longer" not in notice
    assert "keeps its" in notice
