"""The notify handler: the sender, the address of replies and the headers that SES gets."""

from typing import Any

import pytest

from domain.reminders.message import ReminderMessage
from notify.handler import lambda_handler
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.notify.conftest import ADDRESS, SENDER, People


def test_named_sender(due: ReminderMessage, sent: list[dict[str, Any]], context: Context, stack: Stack) -> None:
    """A mail names its sender, the address of replies and the help page that ops chose."""
    stack.update(SenderName="Cloud team", ReplyTo="help@example.com", HelpUrl="https://wiki.example.com/mfa?x=1#top")
    stack.run("NotifyFunction")

    lambda_handler(batch(due.to_json()), context)

    (request,) = sent
    assert request["FromEmailAddress"] == f"Cloud team <{SENDER}>"
    assert request["ReplyToAddresses"] == ["help@example.com"]
    text = request["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert "https://wiki.example.com/mfa?x=1#top" in text
    assert "Your reply goes to help@example.com." in text


def test_default_sender(due: ReminderMessage, sent: list[dict[str, Any]], context: Context) -> None:
    """By default the sender is the address alone, and replies go to no other."""
    lambda_handler(batch(due.to_json()), context)

    (request,) = sent
    assert request["FromEmailAddress"] == SENDER
    assert "ReplyToAddresses" not in request
    assert "nobody reads replies" in request["Content"]["Simple"]["Body"]["Text"]["Data"]


def test_no_automatic_answers(due: ReminderMessage, sent: list[dict[str, Any]], context: Context) -> None:
    """A mail says that a program sent it, so that no out-of-office reply comes back (RFC 3834)."""
    lambda_handler(batch(due.to_json()), context)

    headers = sent[0]["Content"]["Simple"]["Headers"]
    assert headers == [{"Name": "Auto-Submitted", "Value": "auto-generated"}]


@pytest.mark.parametrize(
    "identities",
    [
        f"Cloud team <{SENDER}>, {SENDER}",
        f'"Team, Cloud" <{SENDER}>',
        f"=?utf-8?b?44Kv44Op44Km44OJ?= <{SENDER}>, {ADDRESS}",
    ],
)
def test_unverified_named_sender(
    due: ReminderMessage, people: People, calls: Calls, context: Context, identities: str
) -> None:
    """A rejection that repeats the sender with its name is not held against the person's address."""
    message = "Email address is not verified. The following identities failed the check in region US-EAST-1: "
    calls.fail("SendEmail", "MessageRejected", status=400, message=message + identities)

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == ["m0"]
    assert "address_trouble" not in people.get(due.user_id)
