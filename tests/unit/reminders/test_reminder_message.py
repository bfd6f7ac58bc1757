"""`notify` reads what `remind` writes; anything else is refused with the name of its field."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.languages import Language, language_of
from domain.reminders.message import MalformedReminder, ReminderKind, ReminderMessage
from domain.users import User

MESSAGE = ReminderMessage(
    kind=ReminderKind.ESCALATION,
    cause="escalation#2026-11-24",
    user_name="alice",
    user_id="AIDAEXAMPLEALICE",
    to="alice@example.com",
    cc="lead@example.com",
    language=Language.JAPANESE,
    unenrolled_since=date(2026, 11, 10),
    number=5,
    days=14,
    account="111122223333",
    enforced_from=date(2027, 1, 15),
    announced_since=date(2026, 11, 1),
    window_until=date(2026, 12, 5),
)


# Fields that a message may lack: release 1.0.0 wrote none of the last four.
OPTIONAL = {"cc", "account", "enforced_from", "announced_since", "window_until"}

texts = st.text(min_size=1, max_size=200)
messages = st.builds(
    ReminderMessage,
    cause=texts,
    user_name=st.from_regex(r"[\w+=,.@-]{1,64}", fullmatch=True, alphabet=st.characters(codec="ascii")),
    user_id=st.from_regex(r"AIDA[A-Z0-9]{12,17}", fullmatch=True),
    to=texts,
    cc=st.none() | texts,
    unenrolled_since=st.dates(max_value=date(2100, 1, 1)),
    number=st.integers(1, 999),
    days=st.integers(0, 99_999),
    account=st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True),
    enforced_from=st.none() | st.dates(),
    announced_since=st.none() | st.dates(),
    window_until=st.none() | st.dates(),
)


@given(messages)
def test_round_trip(message: ReminderMessage) -> None:
    """A message is read as it was written."""
    assert ReminderMessage.from_json(message.to_json()) == message


def test_json() -> None:
    """The message on the queue is plain JSON."""
    assert json.loads(MESSAGE.to_json()) == {
        "kind": "escalation",
        "cause": "escalation#2026-11-24",
        "user_name": "alice",
        "user_id": "AIDAEXAMPLEALICE",
        "to": "alice@example.com",
        "cc": "lead@example.com",
        "language": "ja",
        "unenrolled_since": "2026-11-10",
        "number": 5,
        "days": 14,
        "account": "111122223333",
        "enforced_from": "2027-01-15",
        "announced_since": "2026-11-01",
        "window_until": "2026-12-05",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "welcome"),
        ("cause", ""),
        ("user_name", None),
        ("user_id", 7),
        ("to", []),
        ("cc", ""),
        ("language", "fr"),
        ("unenrolled_since", "yesterday"),
        ("number", 0),
        ("number", True),
        ("number", 10**30),
        ("number", float("nan")),
        ("days", 10**30),
        ("days", 999_999_999),
        ("user_name", "Alice Smith"),
        ("user_name", "a" * 129),
        ("user_id", "run#2026"),
        ("to", "\ud800"),
        ("cause", "x" * 201),
        ("days", -1),
        ("days", "14"),
    ],
)
def test_wrong_field(field: str, value: object) -> None:
    """A wrong field is named."""
    body = json.dumps({**json.loads(MESSAGE.to_json()), field: value})

    with pytest.raises(MalformedReminder, match=f"{field}: expected "):
        ReminderMessage.from_json(body)


@pytest.mark.parametrize("field", [name for name in ReminderMessage.__slots__ if name not in OPTIONAL])
def test_missing_field(field: str) -> None:
    """A missing field is named."""
    message = json.loads(MESSAGE.to_json())
    del message[field]

    with pytest.raises(MalformedReminder, match=f"{field}: expected .*, found NoneType"):
        ReminderMessage.from_json(json.dumps(message))


def test_message_of_release_1_0_0() -> None:
    """A message without an account, as release 1.0.0 wrote it, is read."""
    message = json.loads(MESSAGE.to_json())
    del message["account"]

    assert ReminderMessage.from_json(json.dumps(message)).account is None


@pytest.mark.parametrize("body", ["", "reminder", "[]", "null"])
def test_not_an_object(body: str) -> None:
    """A body that is not an object is refused."""
    with pytest.raises(MalformedReminder, match="body: expected"):
        ReminderMessage.from_json(body)


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        ({"language": "ja"}, Language.JAPANESE),
        ({"Language": " JA-jp "}, Language.JAPANESE),
        ({"language": "ja_JP"}, Language.JAPANESE),
        ({"language": "ja_JP.UTF-8"}, Language.JAPANESE),
        ({"language": "en"}, Language.ENGLISH),
        ({"language": "jarring"}, Language.ENGLISH),
        ({"language": ""}, Language.ENGLISH),
        ({}, Language.ENGLISH),
    ],
)
def test_language(tags: dict[str, str], language: Language) -> None:
    """The tag selects the language if there are mails in it."""
    user = User("alice", "AIDAEXAMPLEALICE", "/", tags, datetime(2026, 11, 1, tzinfo=UTC))

    assert language_of(user, Language.ENGLISH) is language
