"""A function's environment: each setting is a field, and an error names its variable and what was expected."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.exemptions import ExemptionRules

type Environment = Mapping[str, str]
type Reader[Value] = Callable[[Environment, str], Value]

# A prefix starts and ends at a slash: "/a/b/". "/" alone would exempt everybody.
_PATH = re.compile(r"/([\x21-\x2e\x30-\x7e]+/)+")


class InvalidSetting(ValueError):
    """An environment variable is missing or malformed; the message names it and what was expected."""

    def __init__(self, name: str, expected: str, found: str | None) -> None:
        was = "it is not set" if found is None else f"found {found!r}"
        super().__init__(f"environment variable {name}: expected {expected}, {was}")


def present(environment: Environment, name: str, expected: str) -> str:
    """Return a variable that must be set but may be empty."""
    value = environment.get(name)
    if value is None:
        raise InvalidSetting(name, expected, None)
    return value


def text(environment: Environment, name: str, expected: str) -> str:
    """Return a variable that must be set and not empty."""
    value = present(environment, name, expected)
    if not value:
        raise InvalidSetting(name, expected, value)
    return value


def policy_arn(environment: Environment, name: str) -> str:
    """Return the ARN of a managed policy."""
    expected = "the ARN of a managed policy"
    value = text(environment, name, expected)
    if not re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/.+", value):
        raise InvalidSetting(name, expected, value)
    return value


def paths(environment: Environment, name: str) -> tuple[str, ...]:
    """Return path prefixes from a comma-separated list; an empty list exempts nobody."""
    prefixes = items(environment, name, "path prefixes, comma-separated, or nothing")
    for prefix in prefixes:
        if not _PATH.fullmatch(prefix):
            raise InvalidSetting(name, "path prefixes such as /service/ (not / alone)", prefix)
    return prefixes


def flag(environment: Environment, name: str) -> bool:
    """Return a variable that is true or false."""
    expected = "true or false"
    value = text(environment, name, expected)
    if value not in {"true", "false"}:
        raise InvalidSetting(name, expected, value)
    return value == "true"


def whole_number(environment: Environment, name: str, *, least: int = 0) -> int:
    """Return a whole number."""
    expected = f"a whole number from {least}"
    value = text(environment, name, expected)
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < least:
        raise InvalidSetting(name, expected, value)
    return int(value)


def items(environment: Environment, name: str, expected: str) -> tuple[str, ...]:
    """Return the members of a comma-separated list, which may be empty."""
    value = present(environment, name, expected)
    return tuple(part for part in (part.strip() for part in value.split(",")) if part)


def choice[Choice: StrEnum](environment: Environment, name: str, choices: type[Choice]) -> Choice:
    """Return one of the choices."""
    expected = f"one of {', '.join(choices)}"
    value = text(environment, name, expected)
    try:
        return choices(value)
    except ValueError as error:
        raise InvalidSetting(name, expected, value) from error


def moment(environment: Environment, name: str) -> datetime | None:
    """Return the start of a day in UTC, or a time with its zone; None if the variable is empty."""
    expected = "a day or a time in UTC, such as 2026-11-24 or 2026-11-24T09:00:00Z, or nothing"
    value = present(environment, name, expected)
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidSetting(name, expected, value) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def day(environment: Environment, name: str) -> date | None:
    """Return a day, or None if nothing is set."""
    expected = "a day such as 2027-01-15, or nothing"
    value = present(environment, name, expected)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise InvalidSetting(name, expected, value) from error


def time_zone(environment: Environment, name: str) -> ZoneInfo:
    """Return a time zone; raises InvalidSetting."""
    expected = "a time zone such as UTC, Asia/Tokyo or Europe/Berlin"
    value = text(environment, name, expected)
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # for "Asia" it opens a folder
        raise InvalidSetting(name, expected, value) from error


def setting[Value](read: Reader[Value], *, variable: str = "") -> Value:
    """Declare a field that is read from the variable with its name in capital letters, or from `variable`."""
    declared: Any = field(metadata={"read": read, "variable": variable})
    return declared  # type: ignore[no-any-return]  # a dataclass field is annotated with the type of its value


def words(expected: str) -> Reader[str]:
    """Return a reader of non-empty text."""
    return lambda environment, name: text(environment, name, expected)


def optional_words(expected: str) -> Reader[str]:
    """Return a reader of text that may be empty."""
    return lambda environment, name: present(environment, name, f"{expected}, or nothing")


def one_of[Choice: StrEnum](choices: type[Choice]) -> Reader[Choice]:
    """Return a reader of one of the choices."""
    return lambda environment, name: choice(environment, name, choices)


def seconds(environment: Environment, name: str) -> timedelta:
    """Return a whole number of seconds."""
    return timedelta(seconds=whole_number(environment, name))


def exemptions(environment: Environment, _: str) -> ExemptionRules:
    """Return the exemption rules from their two variables."""
    return ExemptionRules(
        tag_key=present(environment, "EXEMPT_TAG_KEY", "a tag key, or nothing"),
        paths=paths(environment, "EXEMPT_PATHS"),
    )


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """The settings that all functions share; each function adds its own. The defaults are in template.yaml."""

    policy_arn: str = setting(policy_arn)
    group_name: str = setting(words("the name of a group"))
    dry_run: bool = setting(flag)

    @classmethod
    def from_environment(cls, environment: Environment) -> Self:
        """Read the environment; raises InvalidSetting with the variable's name."""
        declared = {each.name: each.metadata for each in fields(cls)}
        return cls(
            **{name: about["read"](environment, about["variable"] or name.upper()) for name, about in declared.items()}
        )


@dataclass(frozen=True, slots=True)
class EnforcementSettings(FunctionSettings):
    """The settings that the functions that attach and detach share."""

    exemptions: ExemptionRules = setting(exemptions)
    marks_table: str = setting(words("the name of a table"))
    ops_topic_arn: str = setting(words("the ARN of a topic"))
