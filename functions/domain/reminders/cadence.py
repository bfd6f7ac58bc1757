"""When a person is reminded: on which days, how it becomes an escalation, and why not today."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from domain.enrolment.record import PersonRecord, reminder_day_of
from domain.reminders.message import ReminderKind

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Cadence:
    """The days of reminders, counted from the first day without MFA, and then weekly; escalation from a day on."""

    days: tuple[int, ...]
    escalate_after: int

    def __post_init__(self) -> None:
        if not self.days or self.days[0] < 0 or any(later <= earlier for earlier, later in pairwise(self.days)):
            message = f"days must be one or more, from 0 up and each later than the one before: {self.days}"
            raise ValueError(message)

    def latest_step(self, days: int) -> int | None:
        """Return the last day of the cadence that has come after so many days, None before the first."""
        if days >= self.days[-1]:
            return days - (days - self.days[-1]) % _WEEK
        return max((step for step in self.days if step <= days), default=None)


@dataclass(frozen=True, slots=True)
class ReminderDue:
    """A reminder that is due; `number` counts from 1 since the first day without MFA, `days` those without it."""

    kind: ReminderKind
    cause: str
    number: int
    days: int


class NotDue(StrEnum):
    """Why there is no reminder today."""

    NOT_UNENROLLED = "nothing is missing"
    BEFORE_THE_FIRST = "the first day of the cadence has not come"
    REMINDED = "reminded since the latest day of the cadence"
    TODAY = "reminded today"
    UNCONFIRMED = "a reminder was begun today, and is not known to have gone out"


def decide_reminder(record: PersonRecord, cadence: Cadence, today: date, zone: tzinfo = UTC) -> ReminderDue | NotDue:
    """Decide whether a person is reminded today, a day of the zone.

    Nobody's first mail is an escalation, which goes to the manager too: a person may have been without MFA for weeks in
    which no mail was sent. Nobody is reminded twice in a day: an earlier reminder may have waited until this morning.

    Only the latest step counts: days that were missed are passed over, never sent in a burst. The cause is made of the
    step, so every run between two steps finds the same one, and the claim on it lets only one mail through. One that
    was claimed on an earlier day and is not known to have gone out is due again, under a cause of today.
    """
    since, last = record.unenrolled_since, record.last_reminded
    if since is None:
        return NotDue.NOT_UNENROLLED
    days = (today - since).days
    step = cadence.latest_step(days)
    if step is None:
        return NotDue.BEFORE_THE_FIRST
    escalates = step >= cadence.escalate_after and last is not None
    kind = ReminderKind.ESCALATION if escalates else ReminderKind.REMINDER
    due_on = since + timedelta(days=step)
    wait = _wait_for(record, due_on, today)
    if wait is None and last is not None and last.astimezone(zone).date() == today:
        wait = NotDue.TODAY
    if wait is not None:
        return wait
    cause = f"{kind}#{due_on}" if _latest_claim(record) < due_on else f"{kind}#{due_on}#{today}"
    return ReminderDue(kind, cause, record.reminders + 1, days)


def _wait_for(record: PersonRecord, due_on: date, today: date) -> NotDue | None:
    """Return why the reminder of this step waits: it went out, or may go out today."""
    if _latest_claim(record) < due_on:
        return None
    if record.claimed_on is None:
        return NotDue.REMINDED
    return NotDue.UNCONFIRMED if record.claimed_on >= today else None


def _latest_claim(record: PersonRecord) -> date:
    """Return the latest step for which a reminder was claimed, whichever cadence it was a step of."""
    reminders = (cause for cause in record.causes if cause.partition("#")[0] in set(ReminderKind))
    return max(filter(None, map(reminder_day_of, reminders)), default=date.min)
