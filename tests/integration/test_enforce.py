"""The enforce handler on moto: what it does to IAM, how often it calls, and what goes back to the queue."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.iam.models import iam_backends

from domain.input.settings import InvalidSetting
from enforce.handler import lambda_handler
from tests.integration.conftest import ACCOUNT, Calls, Context, Log, Stack, attached, batch, failed, members

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    return stack


@pytest.fixture
def alice(iam: "IAMClient") -> str:
    return iam.create_user(UserName="alice")["User"]["UserName"]


def creation(event_text: ReadText, name: str = "alice", **detail: Any) -> str:  # noqa: ANN401  (any field of a record)
    """The console's CreateUser event of this very moment for another name, with other fields of its record.

    The id is that of the user of this name, if there is one.
    """
    event = json.loads(event_text("create_user_console"))
    event["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    known = iam_backends[ACCOUNT]["aws"].users.get(name)
    event["detail"]["responseElements"]["user"]["userName"] = name
    event["detail"]["responseElements"]["user"]["userId"] = known.id if known else "AIDANOBODYYET"
    event["detail"].update(detail)
    return json.dumps(event)


def create_recorded(iam: "IAMClient", record: dict[str, Any]) -> str:
    """Create the user of a message's CreateUser event, id included; return the name."""
    user = json.loads(record["body"])["detail"]["responseElements"]["user"]
    iam.create_user(UserName=user["userName"])
    iam_backends[ACCOUNT]["aws"].users[user["userName"]].id = user["userId"]
    return user["userName"]  # type: ignore[no-any-return]  # a name is text


def test_a_new_user_gets_the_policy_with_one_call_and_no_read(
    iam: "IAMClient", alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert attached(iam, alice) == ["mfa-control"]
    assert calls == ["AttachUserPolicy"]


def test_the_sample_batch_enforces_both_of_its_users(iam: "IAMClient", context: Context, event_text: ReadText) -> None:
    event = json.loads(event_text("enforce_batch_of_two"))
    names = [create_recorded(iam, record) for record in event["Records"]]

    response = lambda_handler(event, context)

    assert failed(response) == []
    assert [attached(iam, name) for name in names] == [["mfa-control"]] * 2


def test_an_event_delivered_twice_changes_nothing_more(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText
) -> None:
    events = batch(creation(event_text), creation(event_text))

    response = lambda_handler(events, context)

    assert failed(response) == []
    assert attached(iam, alice) == ["mfa-control"]


@pytest.mark.parametrize(("ago", "tries"), [(timedelta(minutes=2), 1), (timedelta(seconds=1), 2)])
def test_a_late_look_reads_the_user_again_and_spares_whoever_was_exempted_meanwhile(
    iam: "IAMClient", calls: Calls, context: Context, event_text: ReadText, ago: timedelta, tries: int
) -> None:
    iam.create_user(UserName="alice")
    iam.create_user(UserName="bob", Tags=[{"Key": "mfa-exempt", "Value": "robot"}])
    at = (datetime.now(UTC) - ago).isoformat()
    late = [creation(event_text, name, eventTime=at) for name in ("alice", "bob")]

    response = lambda_handler(batch(*late, tries=tries), context)

    assert failed(response) == []
    assert (attached(iam, "alice"), attached(iam, "bob")) == (["mfa-control"], [])
    assert calls == ["GetUser", "GetItem", "GetItem", "AttachUserPolicy", "GetUser", "GetItem", "GetItem"]


def test_leaves_alone_another_user_of_the_name(
    iam: "IAMClient", context: Context, event_text: ReadText, log: Log
) -> None:
    """A creation event that comes late changes nothing about a user who took the name after it."""
    late = creation(event_text, eventTime=(datetime.now(UTC) - timedelta(hours=6)).isoformat())
    iam.create_user(UserName="alice")

    assert failed(lambda_handler(batch(late), context)) == []
    assert attached(iam, "alice") == []
    assert log.entry("User is gone")["user_name"] == "alice"


@pytest.mark.parametrize("delay", ["0", "30", "120"])
def test_trusts_the_record_only_for_as_long_as_no_later_change_was_handled(
    iam: "IAMClient",
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    delay: str,
) -> None:
    """With a short ChangeDelaySeconds a tag may be handled before the creation, which then reads the user again."""
    monkeypatch.setenv("CHANGE_DELAY_SECONDS", delay)
    at = (datetime.now(UTC) - timedelta(seconds=40)).isoformat()
    recorded = creation(event_text, eventTime=at)
    iam.tag_user(UserName=alice, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    lambda_handler(batch(recorded), context)

    assert (attached(iam, alice) == []) == (delay != "120")


def test_a_late_look_spares_whoever_is_being_deleted(
    iam: "IAMClient", context: Context, event_text: ReadText, log: Log
) -> None:
    user_id = iam.create_user(UserName="alice")["User"]["UserId"]
    soon = int((datetime.now(UTC) + timedelta(minutes=30)).timestamp())
    mark: dict[str, Any] = {"kind": {"S": "leaving"}, "subject": {"S": user_id}, "expires": {"N": str(soon)}}
    boto3.client("dynamodb").put_item(TableName="marks", Item=mark)

    lambda_handler(batch(creation(event_text), tries=2), context)

    assert attached(iam, "alice") == []
    assert log.entry("User left alone")["reason"] == "being-deleted"


def test_leaves_an_exempt_user_alone_and_tells_ops_who_exempted_the_user(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A user who is created with the exempt tag is told to ops once, with the caller."""
    exempt = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "robot"}]})

    response = lambda_handler(batch(exempt, exempt), context)

    assert failed(response) == []
    assert attached(iam, alice) == []
    notice = stack.ops.read()
    assert "alice is exempt from MFA now" in notice
    assert "user/admin-jane" in notice


def test_tells_ops_at_once_of_a_day_that_is_none(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A tag whose value looks like a day and is none exempts nobody, and ops are told with the caller."""
    mistyped = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2026-11-31"}]})

    lambda_handler(batch(mistyped), context)

    assert attached(iam, alice) == ["mfa-control"]
    notice = stack.ops.read()
    assert "'2026-11-31' looks like a day and is none" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_attaches_although_ops_cannot_be_told(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """A topic that does not answer keeps no policy off a user; the message comes back until ops are told."""
    mistyped = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2026-11-31"}]})
    calls.fail("Publish", "AuthorizationError", status=403)

    first = failed(lambda_handler(batch(mistyped), context)), attached(iam, alice)
    second = failed(lambda_handler(batch(mistyped, tries=2), context))

    assert (first, second) == ((["m0"], ["mfa-control"]), [])
    assert stack.ops.told() == ["exemption-malformed"]


def test_a_user_whose_exemption_has_ended_gets_the_policy(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText
) -> None:
    ended = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2020-12-31"}]})

    lambda_handler(batch(ended), context)

    assert attached(iam, alice) == ["mfa-control"]


@pytest.mark.parametrize("event", ["create_user_error_already_exists", "lookalike_identitystore_create_user"])
def test_a_call_that_created_nobody_here_is_done_without_any_call(
    calls: Calls, context: Context, event_text: ReadText, event: str
) -> None:
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert calls == []


def test_a_malformed_event_goes_back_alone_and_says_what_is_wrong(
    iam: "IAMClient", context: Context, event_text: ReadText, log: Log
) -> None:
    event = json.loads(event_text("enforce_batch_one_malformed"))
    good, malformed = event["Records"]
    name = create_recorded(iam, good)

    response = lambda_handler(event, context)

    assert failed(response) == [malformed["messageId"]]
    assert attached(iam, name) == ["mfa-control"]
    refusal = log.entry("Message failed")
    assert refusal["stack_trace"]["value"] == "body: expected JSON, found str"


def test_a_young_user_whom_iam_does_not_know_yet_goes_back_to_the_queue(
    iam: "IAMClient", context: Context, event_text: ReadText
) -> None:
    young = creation(event_text, "carol", eventTime=(datetime.now(UTC) - timedelta(minutes=4)).isoformat())

    first = lambda_handler(batch(young), context)
    iam.create_user(UserName="carol")
    iam_backends[ACCOUNT]["aws"].users["carol"].id = "AIDANOBODYYET"
    second = lambda_handler(batch(young), context)

    assert (failed(first), failed(second)) == (["m0"], [])
    assert attached(iam, "carol") == ["mfa-control"]


def test_a_user_whom_iam_still_does_not_know_after_five_minutes_is_gone_and_done(
    context: Context, event_text: ReadText
) -> None:
    old = creation(event_text, "dave", eventTime=(datetime.now(UTC) - timedelta(minutes=6)).isoformat())

    assert failed(lambda_handler(batch(old), context)) == []


def test_a_missing_policy_is_a_fault_and_never_taken_for_a_user_who_left(
    alice: str,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
) -> None:
    monkeypatch.setenv("POLICY_ARN", "arn:aws:iam::111122223333:policy/mfa-enforcer/deleted")
    old = creation(event_text, eventTime="2026-01-01T00:00:00Z")

    assert failed(lambda_handler(batch(old), context)) == ["m0"]


def test_a_user_whose_policies_are_full_is_enforced_through_the_group(
    iam: "IAMClient", alice: str, group: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    calls.fail("AttachUserPolicy", "LimitExceeded")

    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert (attached(iam, alice), members(iam, group)) == ([], [alice])
    assert calls == ["AttachUserPolicy", "AddUserToGroup"]


def test_where_ops_chose_the_group_the_policy_is_attached_only_to_a_user_whose_groups_are_full(
    iam: "IAMClient",
    group: str,
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
) -> None:
    monkeypatch.setenv("ENFORCE_BY", "group")
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    lambda_handler(batch(creation(event_text, "alice")), context)
    calls.fail("AddUserToGroup", "LimitExceeded")

    lambda_handler(batch(creation(event_text, "bob")), context)

    assert (attached(iam, "alice"), attached(iam, "bob")) == ([], ["mfa-control"])
    assert members(iam, group) == ["alice"]
    assert calls == ["AddUserToGroup", "AddUserToGroup", "AttachUserPolicy"]


@pytest.mark.parametrize("group_is", ["full", "deleted"])
def test_a_user_whom_neither_way_can_enforce_is_told_to_ops_once(
    stack: Stack,
    alice: str,
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    group_is: str,
) -> None:
    calls.fail("AttachUserPolicy", "LimitExceeded", times=2)
    if group_is == "full":
        calls.fail("AddUserToGroup", "LimitExceeded", times=2)
    else:
        monkeypatch.setenv("GROUP_NAME", "deleted")
    events = batch(creation(event_text), creation(event_text))

    assert failed(lambda_handler(events, context)) == []
    assert "1 user cannot be enforced" in stack.ops.read()


def test_a_dry_run_attaches_nothing_and_says_what_it_would(
    alice: str, calls: Calls, monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText, log: Log
) -> None:
    monkeypatch.setenv("DRY_RUN", "true")

    lambda_handler(batch(creation(event_text)), context)

    assert calls == []
    assert log.entry("Would attach the policy")["user_name"] == "alice"


def test_a_group_that_is_gone_leaves_the_direct_way(
    iam: "IAMClient", group: str, alice: str, monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    monkeypatch.setenv("ENFORCE_BY", "group")
    monkeypatch.setenv("GROUP_NAME", "deleted")

    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert attached(iam, alice) == ["mfa-control"]


@pytest.mark.parametrize("name", ["u", "o", "group", "mfa-control", "with"])
def test_a_group_that_is_gone_is_known_as_such_whatever_the_user_is_called(
    iam: "IAMClient",
    calls: Calls,
    monkeypatch: pytest.MonkeyPatch,
    context: Context,
    event_text: ReadText,
    name: str,
) -> None:
    monkeypatch.setenv("ENFORCE_BY", "group")
    iam.create_user(UserName=name)
    calls.fail("AddUserToGroup", "NoSuchEntity", status=404, message="The group with name mfa-control cannot be found.")

    assert failed(lambda_handler(batch(creation(event_text, name)), context)) == []
    assert attached(iam, name) == ["mfa-control"]


@pytest.mark.parametrize("name", ["group", "policy.group"])
def test_a_user_who_is_gone_is_known_as_such_by_any_name(
    monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText, name: str
) -> None:
    monkeypatch.setenv("ENFORCE_BY", "group")
    old = creation(event_text, name, eventTime="2026-01-01T00:00:00Z")

    assert failed(lambda_handler(batch(old), context)) == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 400),
        ("ServiceFailure", 500),
        ("ConcurrentModification", 409),
        ("EntityTemporarilyUnmodifiable", 409),
        ("AccessDenied", 403),
    ],
)
def test_what_cannot_be_done_now_goes_back_to_the_queue_and_the_rest_of_the_batch_is_done(
    iam: "IAMClient", calls: Calls, context: Context, event_text: ReadText, code: str, status: int
) -> None:
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    calls.fail("AttachUserPolicy", code, status=status, times=5 if code in {"Throttling", "ServiceFailure"} else 1)

    response = lambda_handler(batch(creation(event_text, "alice"), creation(event_text, "bob")), context)

    assert failed(response) == ["m0"]
    assert attached(iam, "bob") == ["mfa-control"]


def test_the_log_follows_one_user_by_the_event_id_and_holds_no_whole_event(
    alice: str,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    lambda_handler(batch(creation(event_text)), context)

    entry = log.entry("Policy attached")
    assert entry["correlation_id"] == "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
    assert entry["user_name"] == "alice"
    assert "sourceIPAddress" not in log.text


def test_a_wrong_environment_stops_the_function_and_takes_no_message(
    monkeypatch: pytest.MonkeyPatch, context: Context, event_text: ReadText
) -> None:
    monkeypatch.setenv("POLICY_ARN", "mfa-control")

    with pytest.raises(InvalidSetting, match="POLICY_ARN"):
        lambda_handler(batch(creation(event_text)), context)
