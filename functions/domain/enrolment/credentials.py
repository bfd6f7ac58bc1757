"""The account's credential report, read by its column names ("Get credential reports for your account")."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO

_KEYS = (1, 2)
# The values of a column that has no value.
_NOTHING = {"", "n/a", "no_information", "not_supported"}
_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_changed",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in _KEYS for column in ("active", "last_rotated")),
)


class MalformedReport(ValueError):
    """The report lacks a column, or a value does not fit its column."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(f"credential report, column {column}: expected {expected}")


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When an active access key was last used, and for which service; None if it never was."""

    on: date | None
    service: str | None


@dataclass(frozen=True, slots=True)
class LastUse:
    """When a user last signed in with the password, None if never, and the last use of each active access key."""

    signed_in: date | None
    keys: tuple[KeyUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's credentials as of the report.

    `able_since` is the day from which the oldest of them is valid, `password_set` when the password was last set.
    """

    created: datetime
    password: bool
    active_keys: int
    mfa: bool
    able_since: date | None
    last_use: LastUse = LastUse(None)
    password_set: datetime | None = None


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """One row per user by user name, and when IAM made the report: up to four hours ago.

    `unreadable` are the rows with a value that does not fit its column, by the content of their name column.
    """

    made: datetime
    rows: Mapping[str, Credentials]
    unreadable: tuple[str, ...] = ()

    @classmethod
    def from_csv(cls, text: str, made: datetime) -> "CredentialReport":
        """Read the report without the row of root; new columns are ignored.

        Raises MalformedReport if a column is missing. An unreadable row does not affect the others.
        """
        reader = csv.DictReader(StringIO(text))
        for column in _COLUMNS:
            if column not in (reader.fieldnames or ()):
                raise MalformedReport(column, "to be there")
        rows: dict[str, Credentials] = {}
        unreadable: list[str] = []
        for row in reader:
            try:
                if not _text(row, "arn").endswith(":root"):
                    rows[_text(row, "user")] = _credentials(row)
            except MalformedReport:
                unreadable.append(str(row.get("user")))
        return cls(made, rows, tuple(unreadable))


def _credentials(row: Mapping[str, str | None]) -> Credentials:
    created = _time(row, "user_creation_time")
    if created is None:
        raise MalformedReport("user_creation_time", "a time")
    password = _is_true(row, "password_enabled")
    keys = [number for number in _KEYS if _is_true(row, f"access_key_{number}_active")]
    good_since = [_time(row, f"access_key_{number}_last_rotated") for number in keys]
    password_set = _time(row, "password_last_changed") if password else None
    good_since.append(password_set)
    return Credentials(
        created=created,
        password=password,
        active_keys=len(keys),
        mfa=_is_true(row, "mfa_active"),
        able_since=min((time.date() for time in good_since if time is not None), default=None),
        last_use=LastUse(_day_of(row, "password_last_used"), tuple(_key_use(row, number) for number in keys)),
        password_set=password_set,
    )


def _text(row: Mapping[str, str | None], column: str) -> str:
    value = row.get(column)
    if value is None:
        raise MalformedReport(column, "to be there")
    return value


def _is_true(row: Mapping[str, str | None], column: str) -> bool:
    """Return whether a column is true: documented in capitals, seen in lower case; for root it is not_supported."""
    return _text(row, column).casefold() == "true"


def _time(row: Mapping[str, str | None], column: str) -> datetime | None:
    """Read a time, or None if the report says N/A, not_supported or no_information."""
    value = _text(row, column)
    if not value[:1].isdigit():
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedReport(column, "a time in ISO 8601") from error


def _key_use(row: Mapping[str, str | None], number: int) -> KeyUse:
    service = row.get(f"access_key_{number}_last_used_service") or ""
    return KeyUse(
        _day_of(row, f"access_key_{number}_last_used_date"), service if service.casefold() not in _NOTHING else None
    )


def _day_of(row: Mapping[str, str | None], column: str) -> date | None:
    """Return the day of a time, or None if it cannot be read: no decision depends on it."""
    try:
        at = _time(row, column)
    except MalformedReport:
        return None
    return at.date() if at else None
