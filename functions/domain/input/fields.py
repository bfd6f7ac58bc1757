"""A message from a queue, read field by field; an error names the field and the type that was expected."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeGuard

# "User" in the IAM API Reference. It says that ids have 16 characters or more; only what AWS refuses matters here.
_USER_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_USER_ID = re.compile(r"\w{1,128}", re.ASCII)

# Half a character: valid in JSON, but not in UTF-8 and so not in any request to AWS.
_SURROGATE = re.compile("[\ud800-\udfff]")

_MOST = 999_999_999


class Malformed(ValueError):
    """A message is malformed; the text names the field, what was expected and the type that was found."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(f"{field}: expected {expected}, found {type(found).__name__}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a message, or of an object inside it; `malformed` is what is raised.

    A field is named by its path, such as `detail.eventName`; `path` is that of the object itself.
    """

    values: Mapping[str, Any]
    malformed: type[Malformed]
    path: str = ""

    @classmethod
    def of(cls, body: str, malformed: type[Malformed]) -> "Fields":
        """Read the body of a message."""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise malformed("body", "JSON", body) from error
        if not isinstance(value, dict):
            raise malformed("body", "an object", value)
        return cls(value, malformed)

    def find(self, field: str) -> object:
        """Return the value of the field, of any type; None if it is missing."""
        value: object = self.values
        for name in field.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def text(self, field: str, *, most: int = 1024) -> str:
        """Return a non-empty text of so many characters at most."""
        value = self.find(field)
        if not _is_text(value):
            raise self._unlike(field, "text")
        if len(value) > most:
            raise self._unlike(field, f"{most} characters at most")
        return value

    def optional_text(self, field: str) -> str | None:
        """Return a text, or None if the field is missing."""
        return None if self.find(field) is None else self.text(field)

    def first_text(self, *fields: str) -> str | None:
        """Return the first field that holds a text; other values are skipped."""
        return next((value for value in map(self.find, fields) if _is_text(value)), None)

    def user_name(self, field: str) -> str:
        """Return the name of an IAM user."""
        value = self.text(field)
        if not is_user_name(value):
            raise self._unlike(field, "the name of a user")
        return value

    def user_id(self, field: str) -> str:
        """Return the id of an IAM user."""
        value = self.text(field)
        if not is_user_id(value):
            raise self._unlike(field, "the id of a user")
        return value

    def one_of[Choice: StrEnum](self, choices: type[Choice], field: str) -> Choice:
        """Return one of the choices."""
        value = self.text(field)
        try:
            return choices(value)
        except ValueError as error:
            raise self._unlike(field, f"one of {', '.join(choices)}") from error

    def count(self, field: str, *, least: int) -> int:
        """Return a whole number."""
        value = self.find(field)
        if type(value) is not int or not least <= value <= _MOST:  # a bool is an int, too
            raise self._unlike(field, f"a whole number from {least} to {_MOST}")
        return value

    def day(self, field: str) -> date:
        """Return a day."""
        value = self.text(field)
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self._unlike(field, "a day as YYYY-MM-DD") from error

    def optional_day(self, field: str) -> date | None:
        """Return a day, or None if the field is not there."""
        return None if self.find(field) is None else self.day(field)

    def time(self, field: str) -> datetime:
        """Return a time, in UTC."""
        value = self.text(field)
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._unlike(field, "an ISO 8601 time") from error
        raise self._unlike(field, "a time with its zone")

    def texts(self, field: str) -> Sequence[str]:
        """Return a list of texts, empty if the field is missing."""
        value = self._list(field, "a list of texts")
        if not all(map(_is_text, value)):
            raise self._unlike(field, "a list of texts")
        return value

    def objects(self, field: str) -> "Sequence[Fields]":
        """Return a list of objects, empty if the field is missing."""
        value = self._list(field, "a list of objects")
        if not all(isinstance(item, dict) for item in value):
            raise self._unlike(field, "a list of objects")
        return [Fields(item, self.malformed, f"{self.path}{field}[{place}].") for place, item in enumerate(value)]

    def _list(self, field: str, expected: str) -> list[Any]:
        value = self.find(field)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._unlike(field, expected)
        return value

    def _unlike(self, field: str, expected: str) -> Malformed:
        return self.malformed(f"{self.path}{field}", expected, self.find(field))


def is_user_name(text: str) -> bool:
    """Return whether a text may be the name of an IAM user."""
    return _USER_NAME.fullmatch(text) is not None


def is_user_id(text: str) -> bool:
    """Return whether a text may be the id of an IAM user."""
    return _USER_ID.fullmatch(text) is not None


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value) and not _SURROGATE.search(value)
