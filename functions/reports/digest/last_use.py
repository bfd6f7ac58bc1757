"""What a user signs in with, and so what would stop when the user is enforced."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum, auto

from domain.enrolment.credentials import LastUse
from domain.enrolment.snapshot import Person
from domain.text import plain
from reports.key_use import latest_key

# Credentials that nobody has used for so long are probably not used at all.
_CURRENT = timedelta(days=90)


class Usage(Enum):
    """The probable kind of a user, by the use of the last 90 days."""

    PERSON = auto()
    PROGRAM = auto()
    UNUSED = auto()
    UNKNOWN = auto()


_VERDICTS = {Usage.PROGRAM: ": probably a program", Usage.UNUSED: ": probably unused"}


def usage_of(last_use: LastUse | None, today: date) -> Usage:
    """Return the probable kind of a user; `last_use` is None if the credential report lacks the user."""
    if last_use is None:
        return Usage.UNKNOWN
    if _is_current(last_use.signed_in, today):
        return Usage.PERSON
    return Usage.PROGRAM if _is_current(latest_key(last_use).on, today) else Usage.UNUSED


def use_of(person: Person, today: date) -> str:
    """Return the last use of a user's credentials, and whether there is a device."""
    use = describe_last_use(person.last_use, password=person.password, today=today)
    return f"has MFA, {use}" if person.devices else use


def describe_last_use(last_use: LastUse | None, *, password: bool | None, today: date) -> str:
    """Return when the password and an access key were last used, and the probable kind of the user if it matters.

    For example: "key used yesterday for s3, no password: probably a program".
    """
    if last_use is None:
        return "last use not known"
    verdict = _VERDICTS.get(usage_of(last_use, today), "")
    return f"{', '.join(_parts(last_use, password=password, today=today))}{verdict}"


def _parts(last_use: LastUse, *, password: bool | None, today: date) -> Iterator[str]:
    if password:
        yield f"signed in {_ago(last_use.signed_in, today)}" if last_use.signed_in else "never signed in"
    if last_use.keys:
        key = latest_key(last_use)
        service = f" for {plain(key.service, 40)}" if key.service else ""
        yield f"key used {_ago(key.on, today)}{service}" if key.on else "key never used"
    elif not password:
        yield "no access key"
    if not password:
        yield "no password"


def _is_current(day: date | None, today: date) -> bool:
    return day is not None and today - day <= _CURRENT


def _ago(day: date, today: date) -> str:
    days = max((today - day).days, 0)
    return {0: "today", 1: "yesterday"}.get(days, f"{days:,} days ago")
