"""Every message between functions and every stored item names its account."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from aws.dynamodb.enforcement_table import (
    AccountFlagWriter,
    AttachmentCounts,
    DeletionCounts,
    NoticeThrottle,
    UserFlagWriter,
)
from aws.dynamodb.table import Table
from domain.api_call import Ignored
from domain.contact.languages import Language
from domain.enforcement.release_request import ReleaseRequest
from domain.enrolment.window_request import WindowChange, WindowRequest
from domain.reminders.message import ReminderKind, ReminderMessage
from notify.message import read_message
from release.event import read_fact
from tests.integration.deployment import ACCOUNT, Stack

NOW = datetime.now(UTC)
REMINDER = ReminderMessage(
    ReminderKind.REMINDER,
    "reminder#2026-11-24",
    "alice",
    "AIDAALICE",
    "alice@example.com",
    None,
    Language.ENGLISH,
    date(2026, 11, 24),
    1,
    0,
)
REQUEST = ReleaseRequest("AIDAALICE", "alice")
REOPENING = WindowRequest(WindowChange.REOPEN, "AIDAALICE", "alice", ACCOUNT)


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_messages_of_this_account(account: str | None) -> None:
    """A message about this account is handled, and so is one of release 1.0.0, which names none."""
    reminder, request = replace(REMINDER, account=account), replace(REQUEST, account=account)

    assert read_message(reminder.to_json(), ACCOUNT) == reminder
    assert read_fact(request.to_json(), ACCOUNT) == request


def test_messages_of_another_account() -> None:
    """A message about another account is ignored."""
    other = "999988887777"

    assert isinstance(read_message(replace(REMINDER, account=other).to_json(), ACCOUNT), Ignored)
    assert isinstance(read_fact(replace(REQUEST, account=other).to_json(), ACCOUNT), Ignored)
    assert isinstance(read_fact(replace(REOPENING, account=other).to_json(), ACCOUNT), Ignored)


def test_requests_to_another_function() -> None:
    """`release` reopens, and ignores a request to close."""
    assert read_fact(REOPENING.to_json(), ACCOUNT) == REOPENING
    assert isinstance(read_fact(replace(REOPENING, change=WindowChange.CLOSE).to_json(), ACCOUNT), Ignored)


def test_items_name_the_account(stack: Stack) -> None:
    """Each item of the enforcement table names the account, whichever adapter writes it."""
    table = Table(stack.flags.client, stack.flags.table, ACCOUNT)
    UserFlagWriter(table).flag_deletion_pending("AIDA1", NOW)
    UserFlagWriter(table).flag_previously_enforced("AIDA2", NOW)
    UserFlagWriter(table).flag_previously_enforced("AIDA3")
    UserFlagWriter(table).flag_name_detached("alice", NOW)
    UserFlagWriter(table).record_exemption("AIDA4", "tag CI")
    AccountFlagWriter(table).flag_previously_enforced({"AIDA5"})
    AccountFlagWriter(table).record_exemptions({"AIDA6": "tag CI"}, over=())
    AttachmentCounts(table).add("AIDA7", NOW)
    DeletionCounts(table).add("AIDA8", NOW)
    NoticeThrottle(table).record("kind", "AIDA9", NOW)

    items = stack.flags.all()

    assert len(items) == 10
    assert {item["account"]["S"] for item in items} == {ACCOUNT}
