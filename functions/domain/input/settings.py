"""How a function's environment is read: by name, checked, with an error that says what was expected."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from domain.exemptions import ExemptionRules

# A prefix starts and ends at a slash: "/a/b/". "/" alone would exempt everybody.
_PATH = re.compile(r"/([\x21-\x2e\x30-\x7e]+/)+")


class InvalidSetting(ValueError):
    """An environment variable is missing or malformed; the message names it and what was expected."""

    def __init__(self, name: str, expected: str, found: str | None) -> None:
        was = "it is not set" if found is None else f"found {found!r}"
        super().__init__(f"environment variable {name}: expected {expected}, {was}")


def present(environment: Mapping[str, str], name: str, expected: str) -> str:
    """Return a variable that must be there but may be empty."""
    value = environment.get(name)
    if value is None:
        raise InvalidSetting(name, expected, None)
    return value


def text(environment: Mapping[str, str], name: str, expected: str) -> str:
    """Return a variable that must be there and not be empty."""
    value = present(environment, name, expected)
    if not value:
        raise InvalidSetting(name, expected, value)
    return value


def policy_arn(environment: Mapping[str, str], name: str) -> str:
    """Return the ARN of a managed policy."""
    expected = "the ARN of a managed policy"
    value = text(environment, name, expected)
    if not re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/.+", value):
        raise InvalidSetting(name, expected, value)
    return value


def paths(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return path prefixes from a comma-separated list; an empty list has no member, so it exempts nobody."""
    prefixes = items(environment, name, "path prefixes, comma-separated, or nothing")
    for prefix in prefixes:
        if not _PATH.fullmatch(prefix):
            raise InvalidSetting(name, "path prefixes such as /service/ (not / alone)", prefix)
    return prefixes


def flag(environment: Mapping[str, str], name: str) -> bool:
    """Return a variable that is true or false."""
    expected = "true or false"
    value = text(environment, name, expected)
    if value not in {"true", "false"}:
        raise InvalidSetting(name, expected, value)
    return value == "true"


def whole_number(environment: Mapping[str, str], name: str, *, least: int = 0) -> int:
    """Return a whole number."""
    expected = f"a whole number from {least}"
    value = text(environment, name, expected)
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < least:
        raise InvalidSetting(name, expected, value)
    return int(value)


def items(environment: Mapping[str, str], name: str, expected: str) -> tuple[str, ...]:
    """Return the members of a comma-separated list; an empty one has none."""
    value = present(environment, name, expected)
    return tuple(part for part in (part.strip() for part in value.split(",")) if part)


def choice[Choice: StrEnum](environment: Mapping[str, str], name: str, choices: type[Choice]) -> Choice:
    """Return the one of some words that was chosen."""
    expected = f"one of {', '.join(choices)}"
    value = text(environment, name, expected)
    try:
        return choices(value)
    except ValueError as error:
        raise InvalidSetting(name, expected, value) from error


def exemptions(environment: Mapping[str, str]) -> ExemptionRules:
    """Return who is exempt."""
    return ExemptionRules(
        tag_key=present(environment, "EXEMPT_TAG_KEY", "a tag key, or nothing"),
        paths=paths(environment, "EXEMPT_PATHS"),
    )


def moment(environment: Mapping[str, str], name: str) -> datetime | None:
    """Return a day, from its start in UTC, or a time with its zone; None where nothing is said."""
    expected = "a day or a time in UTC, such as 2026-11-24 or 2026-11-24T09:00:00Z, or nothing"
    value = present(environment, name, expected)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidSetting(name, expected, value) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
