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
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise malformed("body", "JSON", body) from error
        if not isinstance(found, dict):
            raise malformed("body", "an object", found)
        return cls(found, malformed)

    def find(self, field: str) -> object:
        """Return the value of the field, of any type; None if it is missing."""
        found: object = self.values
        for name in field.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def text(self, field: str, *, most: int = 1024) -> str:
        """Return a non-empty text of so many characters at most."""
        found = self.find(field)
        if not _is_text(found):
            raise self._unlike(field, "text")
        if len(found) > most:
            raise self._unlike(field, f"{most} characters at most")
        return found

    def optional_text(self, field: str) -> str | None:
        """Return a text, or None if the field is missing."""
        return None if self.find(field) is None else self.text(field)

    def first_text(self, *fields: str) -> str | None:
        """Return the first field that holds a text; other values are skipped."""
        return next((found for found in map(self.find, fields) if _is_text(found)), None)

    def user_name(self, field: str) -> str:
        """Return the name of an IAM user."""
        found = self.text(field)
        if not is_user_name(found):
            raise self._unlike(field, "the name of a user")
        return found

    def user_id(self, field: str) -> str:
        """Return the id of an IAM user."""
        found = self.text(field)
        if not is_user_id(found):
            raise self._unlike(field, "the id of a user")
        return found

    def one_of[Choice: StrEnum](self, choices: type[Choice], field: str) -> Choice:
        """Return one of the choices."""
        found = self.text(field)
        try:
            return choices(found)
        except ValueError as error:
            raise self._unlike(field, f"one of {', '.join(choices)}") from error

    def count(self, field: str, *, least: int) -> int:
        """Return a whole number."""
        found = self.find(field)
        if type(found) is not int or not least <= found <= _MOST:  # a bool is an int, too
            raise self._unlike(field, f"a whole number from {least} to {_MOST}")
        return found

    def day(self, field: str) -> date:
        """Return a day."""
        found = self.text(field)
        try:
            return date.fromisoformat(found)
        except ValueError as error:
            raise self._unlike(field, "a day as YYYY-MM-DD") from error

    def time(self, field: str) -> datetime:
        """Return a time, in UTC."""
        found = self.text(field)
        try:
            at = datetime.fromisoformat(found)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self._unlike(field, "an ISO 8601 time") from error
        raise self._unlike(field, "a time with its zone")

    def texts(self, field: str) -> Sequence[str]:
        """Return a list of texts, empty if the field is missing."""
        found = self._list(field, "a list of texts")
        if not all(map(_is_text, found)):
            raise self._unlike(field, "a list of texts")
        return found

    def objects(self, field: str) -> "Sequence[Fields]":
        """Return a list of objects, empty if the field is missing."""
        found = self._list(field, "a list of objects")
        if not all(isinstance(item, dict) for item in found):
            raise self._unlike(field, "a list of objects")
        return [Fields(item, self.malformed, f"{self.path}{field}[{place}].") for place, item in enumerate(found)]

    def _list(self, field: str, expected: str) -> list[Any]:
        found = self.find(field)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self._unlike(field, expected)
        return found

    def _unlike(self, field: str, expected: str) -> Malformed:
        return self.malformed(f"{self.path}{field}", expected, self.find(field))


def is_user_name(text: str) -> bool:
    """Return whether a text may be the name of an IAM user."""
    return _USER_NAME.fullmatch(text) is not None


def is_user_id(text: str) -> bool:
    """Return whether a text may be the id of an IAM user."""
    return _USER_ID.fullmatch(text) is not None


def _is_text(found: object) -> TypeGuard[str]:
    return isinstance(found, str) and bool(found) and not _SURROGATE.search(found)
