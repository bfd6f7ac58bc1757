"""The reminder as `remind` puts it on the queue and `notify` takes it from there."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from domain.languages import Language


class ReminderKind(StrEnum):
    """How a reminder is worded: an escalation is marked as such, and goes to the manager too."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


class MalformedReminder(ValueError):
    """A message is no reminder; the text names the field, what was expected and what type was found."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(f"{field}: expected {expected}, found {type(found).__name__}")


@dataclass(frozen=True, slots=True)
class ReminderMessage:
    """One mail to one person.

    `cause` names the step of the cadence that is due, such as `reminder#2026-11-24`: planned twice, it is the same
    cause, and is sent once. `number` counts this person's reminders from 1, `days` the whole days without MFA.
    """

    kind: ReminderKind
    cause: str
    user_name: str
    user_id: str
    to: str
    cc: str | None
    language: Language
    unenrolled_since: date
    number: int
    days: int

    def to_json(self) -> str:
        """Return the body of the queue message."""
        return json.dumps({**asdict(self), "unenrolled_since": self.unenrolled_since.isoformat()})

    @classmethod
    def from_json(cls, body: str) -> "ReminderMessage":
        """Read the body of a queue message; raises MalformedReminder."""
        message = _object(body)
        return cls(
            kind=_one_of(ReminderKind, message, "kind"),
            cause=_text(message, "cause"),
            user_name=_text(message, "user_name"),
            user_id=_text(message, "user_id"),
            to=_text(message, "to"),
            cc=None if message.get("cc") is None else _text(message, "cc"),
            language=_one_of(Language, message, "language"),
            unenrolled_since=_day(message, "unenrolled_since"),
            number=_count(message, "number", least=1),
            days=_count(message, "days", least=0),
        )


def _object(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise MalformedReminder("body", "JSON", body) from error
    if not isinstance(found, dict):
        raise MalformedReminder("body", "an object", found)
    return found


def _text(message: Mapping[str, Any], field: str) -> str:
    found = message.get(field)
    if not isinstance(found, str) or not found:
        raise MalformedReminder(field, "a text", found)
    return found


def _one_of[Choice: StrEnum](choices: type[Choice], message: Mapping[str, Any], field: str) -> Choice:
    found = _text(message, field)
    try:
        return choices(found)
    except ValueError as error:
        raise MalformedReminder(field, f"one of {', '.join(choices)}", found) from error


def _day(message: Mapping[str, Any], field: str) -> date:
    found = _text(message, field)
    try:
        return date.fromisoformat(found)
    except ValueError as error:
        raise MalformedReminder(field, "a day as YYYY-MM-DD", found) from error


def _count(message: Mapping[str, Any], field: str, *, least: int) -> int:
    found = message.get(field)
    if type(found) is not int or found < least:  # a bool is an int, too
        raise MalformedReminder(field, f"a whole number from {least}", found)
    return found
