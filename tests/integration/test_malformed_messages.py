"""Each function refuses any malformed message with an error of the project, and handles the message beside it."""

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from domain.api_call import ApiCall
from domain.enforcement.release_request import ReleaseRequest
from domain.enrolment.window_request import WindowChange, WindowRequest
from enforce.handler import lambda_handler as enforce
from notify.handler import lambda_handler as notify
from release.handler import lambda_handler as release
from tests.conftest import EVENTS
from tests.integration.conftest import Calls, Log, attached, batch, failed
from tests.integration.deployment import Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

OWN = {
    "MalformedEvent",
    "MalformedRequest",
    "MalformedEnforcementMessage",
    "MalformedWindowRequest",
    "MalformedReminder",
    "NoSuchUser",
    "TooEarly",
    "TooLate",
    "MailNotSent",
}
HANDLERS: Mapping[str, Callable[..., Any]] = {
    "EnforceFunction": enforce,
    "ReleaseFunction": release,
    "NotifyFunction": notify,
}
GONE = object()
BENT: list[Any] = [
    GONE,
    None,
    True,
    -1,
    10**30,
    float("nan"),
    "",
    " ",
    "x" * 5000,
    "\ud800",
    "a\nb: c",
    "0001-01-01T00:00:00+14:00",
    [],
    [None],
    ["x"],
    {},
    [{"key": None, "value": 7}],
    [{"emailAddress": "\udfff"}],
]
# The fields of a message that no function reads.
UNREAD = """
    version id detail-type source time region resources eventVersion awsRegion userAgent requestID
    readOnly managementEvent recipientAccountId eventCategory tlsDetails sessionCredentialFromConsole
    principalId accountId accessKeyId sessionContext policyDocument policyVersion createDate
    loginProfile passwordResetRequired feedbackId timestamp action status reportingMTA sourceArn
    sendingAccountId messageId headersTruncated headers from subject
"""
REMINDER = {
    "kind": "reminder",
    "cause": "reminder#2026-11-24",
    "user_name": "alice",
    "to": "alice@example.com",
    "cc": None,
    "language": "en",
    "unenrolled_since": "2026-11-24",
    "number": 1,
    "days": 0,
    "account": "111122223333",
    "enforced_from": "2027-01-15",
    "announced_since": "2026-11-24",
    "window_until": "2026-12-05",
}
ANNOUNCEMENT = {
    "kind": "announcement",
    "cause": "announcement#2026-11-24",
    "user_name": "alice",
    "day": "2027-01-15",
    "at": "2026-11-24T09:00:00+00:00",
    "since": "2026-11-24",
    "account": "111122223333",
}
PLANNED: dict[str, dict[str, Any]] = {"reminder": REMINDER, "announcement": ANNOUNCEMENT}
CALL = ApiCall(
    "TagUser", "arn:aws:iam::111122223333:user/admin-jane", datetime(2026, 11, 24, tzinfo=UTC), "203.0.113.24"
)


def event(name: str) -> dict[str, Any]:
    """Return a sample event, as if it had just happened."""
    sample: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    if "eventTime" in sample["detail"]:
        sample["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    return sample


def paths(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value in a message, except in the fields that no function reads."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        if key not in UNREAD.split():
            yield (*at, key)
            yield from paths(inner, (*at, key))


def bent(message: dict[str, Any], at: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the message with each odd value in the one place."""
    for odd in BENT:
        changed = deepcopy(message)
        holder: Any = changed
        for key in at[:-1]:
            holder = holder[key]
        if odd is GONE:
            del holder[at[-1]]
        else:
            holder[at[-1]] = odd
        yield json.dumps(changed)


@pytest.fixture
def mail(stack: Stack, calls: Calls) -> None:
    """A sender, and an SES that is fast enough for no test to wait."""
    stack.update(SenderEmail="mfa@example.com", DefaultEmailDomain="example.com")
    boto3.client("ses").verify_email_identity(EmailAddress="mfa@example.com")
    calls.answer("GetAccount", *[json.dumps({"SendQuota": {"MaxSendRate": 1_000_000.0}})] * 2000)


def handle(function: str, messages: Iterator[str], neighbour: str, log: Log) -> None:
    """Let a function take bent messages with a good one behind them: it fails in its own words, or not at all."""
    bodies, before = [*messages, neighbour], len(log.text)

    response = HANDLERS[function](batch(*bodies), Context(function, left=900_000))

    assert f"m{len(bodies) - 1}" not in failed(response)
    entries = map(json.loads, log.text[before:].splitlines())
    assert {entry["exception_name"] for entry in entries if entry["message"] == "Message failed"} <= OWN


@pytest.mark.parametrize(
    "name",
    [
        "create_user_console",
        "tag_user_exempt",
        "detach_user_policy",
        "update_user_rename",
        "create_policy_version",
        "update_login_profile",
    ],
)
def test_enforce(stack: Stack, iam: "IAMClient", calls: Calls, log: Log, name: str) -> None:
    """`enforce` refuses a malformed event by the name of a field, and attaches the policy to the next user."""
    stack.run("EnforceFunction")
    iam.create_user(UserName="alice")
    iam.create_user(UserName="bob")
    neighbour = json.dumps(event("create_user_console")).replace('"alice"', '"bob"')

    for at in paths(event(name)):
        handle("EnforceFunction", bent(event(name), at), neighbour, log)

        assert attached(iam, "bob") == ["mfa-control"]
        iam.detach_user_policy(UserName="bob", PolicyArn=stack.policy_arn)


@pytest.mark.parametrize("function", HANDLERS)
def test_no_object(mail: None, stack: Stack, calls: Calls, log: Log, function: str) -> None:
    """A body that is no JSON object is refused with an error of the project."""
    stack.run(function)
    bodies = ["", "{", "null", "7", "[]", '"release"', '{"detail": "release"}', "[" * 100_000]

    handle(function, iter(bodies), json.dumps(event("delete_user")), log)


@pytest.mark.parametrize("name", ["request", "delete_user_error_delete_conflict"])
def test_release(stack: Stack, iam: "IAMClient", calls: Calls, log: Log, name: str) -> None:
    """`release` refuses a malformed message by the name of a field, and releases the next user."""
    stack.run("ReleaseFunction")
    alice, bob = (
        iam.create_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])["User"]["UserId"]
        for name in ("alice", "bob")
    )
    request: dict[str, Any] = json.loads(ReleaseRequest(alice, "alice", CALL).to_json())
    message = request if name == "request" else event(name)

    for at in paths(message):
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
        iam.attach_user_policy(UserName="bob", PolicyArn=stack.policy_arn)
        handle("ReleaseFunction", bent(message, at), ReleaseRequest(bob, "bob").to_json(), log)

        assert attached(iam, "bob") == []


@pytest.mark.parametrize(
    ("function", "change"), [("EnforceFunction", WindowChange.CLOSE), ("ReleaseFunction", WindowChange.REOPEN)]
)
def test_window_request(
    stack: Stack, iam: "IAMClient", calls: Calls, log: Log, function: str, change: WindowChange
) -> None:
    """`enforce` and `release` refuse a malformed request by the name of a field, and handle the next message."""
    stack.update(EnrolmentWindowDays="14")
    stack.run(function)
    alice = iam.create_user(UserName="alice")["User"]["UserId"]
    now = datetime.now(UTC)
    message = json.loads(WindowRequest(change, alice, "alice", "111122223333", now.date(), now).to_json())

    for at in paths(message):
        handle(function, bent(message, at), json.dumps(message), log)
    assert "mfa-closed" not in str(iam.list_user_tags(UserName="alice"))


@pytest.mark.parametrize(
    "name",
    [
        "reminder",
        "announcement",
        "create_login_profile",
        "enable_mfa_device_virtual",
        "deactivate_mfa_device_self_no_username",
        "email_bounced",
        "email_complaint_received",
        "email_rejected",
    ],
)
def test_notify(mail: None, stack: Stack, iam: "IAMClient", calls: Calls, log: Log, name: str) -> None:
    """`notify` refuses a malformed message by the name of a field, and mails the next user."""
    stack.run("NotifyFunction")
    alice = iam.create_user(UserName="alice")["User"]["UserId"]
    iam.create_user(UserName="bob")
    neighbour, later = event("create_login_profile"), datetime.now(UTC) + timedelta(seconds=1)

    message = {**PLANNED[name], "user_id": alice} if name in PLANNED else event(name)
    for number, at in enumerate(paths(message)):
        stack.people.put(user_id={"S": alice}, unenrolled_since={"S": "2026-11-24"})
        neighbour["detail"].update(
            eventID=f"bob-{number}", eventTime=later.isoformat(), requestParameters={"userName": "bob"}
        )
        handle("NotifyFunction", bent(message, at), json.dumps(neighbour), log)

        assert any("Mail sent" in line and f"bob-{number}" in line for line in log.text.splitlines())
