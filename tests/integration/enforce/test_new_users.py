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


def test_a_new_user_gets_the_policy_with_one_call_and_no_read(
    iam: "IAMClient", alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    response = lambda_handler(batch(creation(event_text)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control"]
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
    assert attached(iam, "alice") == ["mfa-control"]


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
    stack: Stack,
    context: Context,
    event_text: ReadText,
    delay: str,
) -> None:
    """With a short ChangeDelaySeconds a tag may be handled before the creation, which then reads the user again."""
    stack.update(ChangeDelaySeconds=delay)
    at = (datetime.now(UTC) - timedelta(seconds=40)).isoformat()
    recorded = creation(event_text, eventTime=at)
    iam.tag_user(UserName="alice", Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    lambda_handler(batch(recorded), context)

    assert (attached(iam, "alice") == []) == (delay != "120")


def test_a_late_look_spares_whoever_is_being_deleted(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText, log: Log
) -> None:
    user_id = iam.create_user(UserName="alice")["User"]["UserId"]
    stack.flags.put(kind={"S": "leaving"}, subject={"S": user_id}, expires={"N": in_seconds(timedelta(minutes=30))})

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
    assert attached(iam, "alice") == []
    notice = stack.ops.read()
    assert "alice is exempt from MFA now" in notice
    assert "user/admin-jane" in notice


def test_tells_ops_at_once_of_a_day_that_is_none(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """A tag whose value looks like a day and is none exempts nobody, and ops are told with the caller."""
    mistyped = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2026-11-31"}]})

    lambda_handler(batch(mistyped), context)

    assert attached(iam, "alice") == ["mfa-control"]
    notice = stack.ops.read()
    assert "'2026-11-31' looks like a day and is none" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_a_user_whose_exemption_has_ended_gets_the_policy(
    iam: "IAMClient", alice: str, context: Context, event_text: ReadText
) -> None:
    ended = creation(event_text, requestParameters={"tags": [{"key": "mfa-exempt", "value": "2020-12-31"}]})

    lambda_handler(batch(ended), context)

    assert attached(iam, "alice") == ["mfa-control"]


@pytest.mark.parametrize("event", ["create_user_error_already_exists", "lookalike_identitystore_create_user"])
def test_a_call_that_created_nobody_here_is_done_without_any_call(
    calls: Calls, context: Context, event_text: ReadText, event: str
) -> None:
    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert calls == []


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


def test_a_dry_run_attaches_nothing_and_says_what_it_would(
    alice: str, calls: Calls, stack: Stack, context: Context, event_text: ReadText, log: Log
) -> None:
    stack.update(DryRun="true")

    lambda_handler(batch(creation(event_text)), context)

    assert calls == []
    assert log.entry("Would attach the policy")["user_name"] == "alice"


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
