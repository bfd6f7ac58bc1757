"""The enforce handler on new users: what it does to IAM, and how often it calls."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from moto.iam.models import iam_backends

from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.enforce.conftest import ReadText, create_recorded, creation, in_seconds

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_attaches_with_one_call(
    iam: "IAMClient", alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """A new user gets the policy with one call and no read."""
    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]
    assert calls == ["AttachUserPolicy"]


def test_sample_batch(iam: "IAMClient", context: Context, event_text: ReadText) -> None:
    """Both users of the sample batch are enforced."""
    event = json.loads(event_text("enforce_batch_of_two"))
    names = [create_recorded(iam, record) for record in event["Records"]]

    response = lambda_handler(event, context)

    assert failed(response) == []
    assert [attached(iam, name) for name in names] == [["mfa-control"]] * 2


def test_repeated_event(iam: "IAMClient", alice: str, context: Context, event_text: ReadText) -> None:
    """An event that is delivered twice attaches the policy once."""
    events = batch(creation(event_text), creation(event_text))

    response = lambda_handler(events, context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize(("ago", "tries"), [(timedelta(minutes=2), 1), (timedelta(seconds=1), 2)])
def test_late_event_reads_the_user(
    iam: "IAMClient", calls: Calls, context: Context, event_text: ReadText, ago: timedelta, tries: int
) -> None:
    """A late or repeated event leads to a read of the user, who may have been exempted since."""
    iam.create_user(UserName="alice")
    iam.create_user(UserName="bob", Tags=[{"Key": "mfa-exempt", "Value": "robot"}])
    at = (datetime.now(UTC) - ago).isoformat()
    late = [creation(event_text, name, eventTime=at) for name in ("alice", "bob")]

    response = lambda_handler(batch(*late, tries=tries), context)

    assert failed(response) == []
    assert (attached(iam, "alice"), attached(iam, "bob")) == (["mfa-control"], [])
    assert calls == ["GetUser", "GetItem", "GetItem", "AttachUserPolicy", "GetUser", "GetItem", "GetItem"]


def test_later_user_of_the_name(iam: "IAMClient", context: Context, event_text: ReadText, log: Log) -> None:
    """A late event changes nothing about a user who took the name after it."""
    late = creation(event_text, eventTime=(datetime.now(UTC) - timedelta(hours=6)).isoformat())
    iam.create_user(UserName="alice")

    assert failed(lambda_handler(batch(late), context)) == []
    assert attached(iam, "alice") == []
    assert log.entry("User is gone")["user_name"] == "alice"


@pytest.mark.parametrize("delay", ["0", "30", "120"])
def test_short_change_delay(
    iam: "IAMClient",
    alice: str,
    stack: Stack,
    context: Context,
    event_text: ReadText,
    delay: str,
) -> None:
    """With a short ChangeDelaySeconds the user is read again, because a tag may be handled first."""
    stack.update(ChangeDelaySeconds=delay)
    at = (datetime.now(UTC) - timedelta(seconds=40)).isoformat()
    recorded = creation(event_text, eventTime=at)
    iam.tag_user(UserName="alice", Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    lambda_handler(batch(recorded), context)

    assert (attached(iam, "alice") == []) == (delay != "120")


def test_spares_a_user_being_deleted(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText, log: Log
) -> None:
    """A user who is being deleted when a late event is handled gets no policy."""
    user_id = iam.create_user(UserName="alice")["User"]["UserId"]
    stack.flags.put(kind={"S": "leaving"}, subject={"S": user_id}, expires={"N": in_seconds(timedelta(minutes=30))})

    lambda_handler(batch(creation(event_text), tries=2), context)

    assert attached(iam, "alice") == []
    assert log.entry("User left alone")["reason"] == "being-deleted"


def test_created_exempt(iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText) -> None:
    """A user who is created with the exempt tag gets no policy and is reported once, with the caller."""
    exempt = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "robot"}]})

    response = lambda_handler(batch(exempt, exempt), context)

    assert failed(response) == []
    assert attached(iam, "alice") == []
    notice = stack.ops.read()
    assert "alice is now exempt from MFA" in notice
    assert "user/admin-jane" in notice


def test_malformed_exemption(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A tag value such as 2026-11-31 exempts nobody and is reported with its caller."""
    mistyped = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2026-11-31"}]})

    lambda_handler(batch(mistyped), context)

    assert attached(iam, "alice") == ["mfa-control"]
    notice = stack.ops.read()
    assert "'2026-11-31' looks like a date and is not a valid one" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_ended_exemption(iam: "IAMClient", alice: str, context: Context, event_text: ReadText) -> None:
    """A new user whose exemption has ended gets the policy."""
    ended = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2020-12-31"}]})

    lambda_handler(batch(ended), context)

    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize("event", ["create_user_error_already_exists", "lookalike_identitystore_create_user"])
def test_ignores_foreign_calls(calls: Calls, context: Context, event_text: ReadText, event: str) -> None:
    """A failed CreateUser call, or one of another service, is done without any call to AWS."""
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert calls == []


def test_user_not_visible_yet(iam: "IAMClient", context: Context, event_text: ReadText) -> None:
    """An event about a new user that IAM does not show yet goes back to the queue."""
    young = creation(event_text, "carol", eventTime=(datetime.now(UTC) - timedelta(minutes=4)).isoformat())

    first = lambda_handler(batch(young), context)
    iam.create_user(UserName="carol")
    iam_backends[ACCOUNT]["aws"].users["carol"].id = "AIDANOBODYYET"
    second = lambda_handler(batch(young), context)

    assert (failed(first), failed(second)) == (["m0"], [])
    assert attached(iam, "carol") == ["mfa-control"]


def test_user_never_visible(context: Context, event_text: ReadText) -> None:
    """An event about a user that IAM does not show after five minutes is done."""
    old = creation(event_text, "dave", eventTime=(datetime.now(UTC) - timedelta(minutes=6)).isoformat())

    assert failed(lambda_handler(batch(old), context)) == []


def test_dry_run(alice: str, calls: Calls, stack: Stack, context: Context, event_text: ReadText, log: Log) -> None:
    """A dry run attaches nothing and logs what it would attach."""
    stack.update(DryRun="true")

    lambda_handler(batch(creation(event_text)), context)

    assert calls == []
    assert log.entry("Would attach the policy")["user_name"] == "alice"


def test_log(
    alice: str,
    context: Context,
    event_text: ReadText,
    log: Log,
) -> None:
    """The log carries the event id and the user name, and never the whole event."""
    lambda_handler(batch(creation(event_text)), context)

    entry = log.entry("Policy attached")
    assert entry["correlation_id"] == "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
    assert entry["user_name"] == "alice"
    assert "sourceIPAddress" not in log.text
