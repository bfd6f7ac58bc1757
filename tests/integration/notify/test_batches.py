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
def test_crash_around_the_claim(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    operation: str,
    mails: int,
) -> None:
    """A crash before the claim loses no mail, and a crash after it sends no mail twice."""
    calls.break_off(operation, Crash())

    with pytest.raises(Crash):
        lambda_handler(batch(due.to_json()), context)
    lambda_handler(batch(due.to_json()), context)

    assert len(sent) == mails


def test_malformed_messages(
    due: ReminderMessage, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """Only the malformed messages of a batch go back to the queue."""
    bodies = ["{", "[]", '{"kind": "reminder"}', due.to_json(), changed(event_text("email_bounced"), eventType="Fax")]

    response = lambda_handler(batch(*bodies), context)

    assert failed(response) == ["m0", "m1", "m2", "m4"]
    assert len(sent) == 1


def test_no_sender(
    due: ReminderMessage,
    calls: Calls,
    context: Context,
    event_text: Read,
    stack: Stack,
) -> None:
    """Without a sender no call goes to AWS and no message goes back."""
    stack.update(SenderEmail="")

    response = lambda_handler(batch(due.to_json(), event_text("create_login_profile")), context)

    assert (failed(response), calls) == ([], [])


def test_dry_run(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    context: Context,
    event_text: Read,
    stack: Stack,
) -> None:
    """A dry run sends no mail and writes no item."""
    stack.update(DryRun="true")
    bounced = event_text("email_bounced").replace("AIDAEXAMPLEALICEXXXXX", due.user_id)

    response = lambda_handler(batch(due.to_json(), bounced), context)

    assert failed(response) == []
    assert not {"UpdateItem", "SendEmail"} & set(calls)


def test_too_late_to_begin(due: ReminderMessage, calls: Calls) -> None:
    """A message goes back without any call if too little time is left for a mail."""
    response = lambda_handler(batch(due.to_json()), Context("NotifyFunction", left=20_000))

    assert (failed(response), calls) == (["m0"], [])


def test_too_late_to_claim(due: ReminderMessage, people: People, calls: Calls) -> None:
    """A mail that waited too long for its turn is not claimed and not sent."""
    context = Context("NotifyFunction", left=(60_000, 20_000))

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == ["m0"]
    assert not {"UpdateItem", "SendEmail"} & set(calls)


def test_sample_batch(
    person: Person, people: People, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """The sample batch in events/ leads to a reminder and a welcome mail."""
    user_id = person()
    people.put(user_id, unenrolled_since={"S": "2026-11-24"})
    sample = event_text("notify_batch_of_two").replace("AIDAEXAMPLEALICEXXXXX", user_id)

    response = lambda_handler(json.loads(sample), context)

    assert failed(response) == []
    assert subjects(sent) == [REMINDED, "Register MFA for your AWS user alice (takes five minutes)"]


def test_log(due: ReminderMessage, sent: list[dict[str, Any]], context: Context, log: Log) -> None:
    """The log names the user and the cause of a mail, and never the address."""
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
def test_wrong_setting(
    due: ReminderMessage, context: Context, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A wrong environment variable stops the batch with an error that names it."""
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(batch(due.to_json()), context)
