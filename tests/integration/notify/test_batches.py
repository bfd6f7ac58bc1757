"""The notify handler: what happens to a batch if time is up, a worker dies or a setting is wrong."""

import json
from typing import Any

import pytest

from domain.input.settings import InvalidSetting
from domain.reminders.message import ReminderMessage
from notify.handler import lambda_handler
from tests.integration.conftest import Calls, Log, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.notify.conftest import ADDRESS, NAME, REMINDED, People, Person, Read, changed, subjects


class Crash(BaseException):
    """The worker dies: nothing catches it."""


@pytest.mark.parametrize(
    ("operation", "mails"),
    [
        ("GetUser", 1),
        ("ListMFADevices", 1),
        ("ListAccountAliases", 1),
        ("GetAccount", 1),
        ("UpdateItem", 1),
        ("SendEmail", 0),
    ],
)
def test_a_crash_before_the_claim_loses_nothing_and_one_after_it_doubles_nothing(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    operation: str,
    mails: int,
) -> None:
    calls.break_off(operation, Crash())

    with pytest.raises(Crash):
        lambda_handler(batch(due.to_json()), context)
    lambda_handler(batch(due.to_json()), context)

    assert len(sent) == mails


def test_only_the_malformed_message_goes_back(
    due: ReminderMessage, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    bodies = ["{", "[]", '{"kind": "reminder"}', due.to_json(), changed(event_text("email_bounced"), eventType="Fax")]

    response = lambda_handler(batch(*bodies), context)

    assert failed(response) == ["m0", "m1", "m2", "m4"]
    assert len(sent) == 1


def test_without_a_sender_nothing_is_asked_and_nothing_is_sent(
    due: ReminderMessage,
    calls: Calls,
    context: Context,
    event_text: Read,
    stack: Stack,
) -> None:
    stack.update(SenderEmail="")

    response = lambda_handler(batch(due.to_json(), event_text("create_login_profile")), context)

    assert (failed(response), calls) == ([], [])


def test_a_dry_run_sends_and_writes_nothing(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    context: Context,
    event_text: Read,
    stack: Stack,
) -> None:
    stack.update(DryRun="true")
    bounced = event_text("email_bounced").replace("AIDAEXAMPLEALICEXXXXX", due.user_id)

    response = lambda_handler(batch(due.to_json(), bounced), context)

    assert failed(response) == []
    assert not {"UpdateItem", "SendEmail"} & set(calls)


def test_no_mail_is_begun_without_the_time_for_it(due: ReminderMessage, calls: Calls) -> None:
    response = lambda_handler(batch(due.to_json()), Context("NotifyFunction", left=20_000))

    assert (failed(response), calls) == (["m0"], [])


def test_a_mail_that_waited_for_its_turn_too_long_is_not_claimed(
    due: ReminderMessage, people: People, calls: Calls
) -> None:
    context = Context("NotifyFunction", left=(60_000, 20_000))

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == ["m0"]
    assert not {"UpdateItem", "SendEmail"} & set(calls)


def test_the_sample_that_ops_can_send_by_hand_is_understood(
    person: Person, people: People, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    user_id = person()
    people.put(user_id, unenrolled_since={"S": "2026-11-24"})
    sample = event_text("notify_batch_of_two").replace("AIDAEXAMPLEALICEXXXXX", user_id)

    response = lambda_handler(json.loads(sample), context)

    assert failed(response) == []
    assert subjects(sent) == [REMINDED, "Your AWS user alice: register an MFA device first"]


def test_the_log_tells_which_mail_and_neither_the_address_nor_the_text(
    due: ReminderMessage, sent: list[dict[str, Any]], context: Context, log: Log
) -> None:
    lambda_handler(batch(due.to_json()), context)

    entry = log.entry("Mail sent")
    assert (entry["user_name"], entry["cause"]) == (NAME, "reminder#2026-11-24")
    assert ADDRESS not in log.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_TABLE", ""),
        ("POLICY_ARN", ""),
        ("GROUP_NAME", ""),
        ("SES_REGION", ""),
        ("EXEMPT_PATHS", "/"),
        ("ALLOWED_EMAIL_DOMAINS", "example.com,*"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("DRY_RUN", "yes"),
    ],
)
def test_a_wrong_setting_stops_the_batch_and_is_named(
    due: ReminderMessage, context: Context, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(batch(due.to_json()), context)
