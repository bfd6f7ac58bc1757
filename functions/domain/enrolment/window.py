"""Until which day a user can enrol alone, and what happens to a password that nobody claims until then.

`decide_window` applies these rules in this order:

1. If ops set no days, nobody is closed, and users that the tool closed are reopened.
2. A user who is exempt or enrolled has no window, and is reopened.
3. A closed user stays closed until ops remove the tag, or set a password after the closing.
4. If it is not known whether the user has a password, nothing changes.
5. Every other user without MFA who has a password and is enforced has a window. It opens when a run first finds the
   user like this, and again after a reopening, so nobody is closed on the first day.
6. The user is closed on the day after the last one, but not within 24 hours of a sign-in.

The remind, enforce and release functions apply them to what each of them has read.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from domain.enforcement.dates import day_in
from domain.enrolment.record import EnrolmentStatus
from domain.users import APPEARS_WITHIN, User

# The enforcement policy denies the enrolment to users who have this tag with any value, so the key is fixed.
CLOSED_TAG = "mfa-closed"
# The tag with which ops prolong the window of one user: the last day.
PROLONGED_TAG = "mfa-window"

# One run closes at most so many users; the others wait for the next run.
MOST_CLOSED = 50

# A sign-in is known by its day in UTC, which may differ from today's by one more.
_SIGN_IN_COUNTS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class WindowRules:
    """How many days a user has to enrol, 0 for no limit, and the time zone of these days."""

    days: int = 0
    zone: tzinfo = UTC


NO_WINDOWS = WindowRules()


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What was read and remembered about one user.

    `password` is None if it is not known whether there is one. `until` is the last day of the window that is open,
    `closed_on` the day on which the user was closed. `password_set` is when the password was last set, `signed_in` the
    day of the last sign-in in UTC, None for never.
    """

    user: User
    enrolment: EnrolmentStatus
    password: bool | None
    enforced: bool
    until: date | None = None
    closed_on: date | None = None
    password_set: datetime | None = None
    signed_in: date | None = None


class WindowState(StrEnum):
    """Whether a user can enrol alone, and what must change."""

    NONE = "no window"
    OPEN = "open"
    ENDED = "to be closed"
    CLOSED = "closed"
    REOPENING = "to be reopened"


@dataclass(frozen=True, slots=True)
class Window:
    """The decision about one user, and what is remembered of it: the last day, and since when the user is closed."""

    state: WindowState
    until: date | None = None
    closed_on: date | None = None


NO_WINDOW = Window(WindowState.NONE)


def decide_window(facts: WindowFacts, rules: WindowRules, today: date) -> Window:
    """Decide about one user; `today` is a day in the zone of the rules."""
    closed = facts.user.has_tag(CLOSED_TAG)
    closed_on = (facts.closed_on or today) if closed else None
    if not rules.days:
        # Ops may have set the tag themselves: the tool only takes back what it did.
        return Window(WindowState.REOPENING, closed_on=closed_on) if closed and facts.closed_on else NO_WINDOW
    if facts.enrolment in {EnrolmentStatus.EXEMPT, EnrolmentStatus.ENROLLED}:
        return Window(WindowState.REOPENING, closed_on=closed_on) if closed else NO_WINDOW
    if closed_on is not None:
        new_password = _password_set_after_closing(facts, closed_on)
        return Window(WindowState.REOPENING if new_password else WindowState.CLOSED, closed_on=closed_on)
    if facts.enrolment is EnrolmentStatus.UNKNOWN or facts.password is None:
        return Window(WindowState.OPEN if facts.until else WindowState.NONE, facts.until, facts.closed_on)
    if facts.enrolment is not EnrolmentStatus.UNENROLLED or not facts.password or not facts.enforced:
        return NO_WINDOW
    return _open_or_ended(facts, rules, today)


def _open_or_ended(facts: WindowFacts, rules: WindowRules, today: date) -> Window:
    was_reopened = facts.closed_on is not None
    until = today + timedelta(days=rules.days) if facts.until is None or was_reopened else facts.until
    until = max(until, prolonged_until(facts.user) or until)
    signed_in_lately = facts.signed_in is not None and facts.signed_in >= today - _SIGN_IN_COUNTS
    ended = today > until and not signed_in_lately
    return Window(WindowState.ENDED if ended else WindowState.OPEN, until)


def prolonged_until(user: User) -> date | None:
    """Return the last day that the user's tag names, None if it names none."""
    return day_in(user.tag(PROLONGED_TAG))


def malformed_prolongation(user: User) -> str | None:
    """Return what the user's tag says if it is no day."""
    value = user.tag(PROLONGED_TAG)
    return value if value and day_in(value) is None else None


def closing_tag(at: datetime) -> str:
    """Return the value of the tag of a user who is closed at that time, such as `2026-12-05T09:00:12Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _password_set_after_closing(facts: WindowFacts, closed_on: date) -> bool:
    """Return whether a password was set after the user was closed.

    A closed user cannot change the password, but IAM may still allow it for some minutes after the tag was set.
    """
    closed_at = _closed_at(facts.user.tag(CLOSED_TAG)) or _end_of(closed_on)
    return facts.password_set is not None and facts.password_set > closed_at + APPEARS_WITHIN


def _closed_at(value: str) -> datetime | None:
    """Read the time in the tag; None if somebody wrote another value."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo else _end_of(at.date())


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
