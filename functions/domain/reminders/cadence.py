"""When a reminder is due: on which days, when it becomes an escalation, and why not today."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from domain.enforcement.dates import Announcement
from domain.enrolment.record import PersonRecord, reminder_day_of
from domain.reminders.message import ReminderKind

_WEEK = 7

# So many days before enforcement begins, a person who has a day is mailed, besides the cadence.
_COUNTDOWN = (30, 14, 7, 3, 1)
# From so many days before on, the manager gets a copy.
_LAST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Cadence:
    """The days of reminders from the first day without MFA, then weekly; they escalate after `escalate_after` days."""

    days: tuple[int, ...]
    escalate_after: int

    def __post_init__(self) -> None:
        if not self.days or self.days[0] < 0 or any(later <= earlier for earlier, later in pairwise(self.days)):
            message = f"days must be one or more, from 0 up and each later than the one before: {self.days}"
            raise ValueError(message)

    def latest_step(self, days: int) -> int | None:
        """Return the latest day of the cadence after so many days, None before the first."""
        if days >= self.days[-1]:
            return days - (days - self.days[-1]) % _WEEK
        return max((step for step in self.days if step <= days), default=None)


@dataclass(frozen=True, slots=True)
class ReminderDue:
    """A reminder that is due; `number` counts from 1, `days` are the whole days without MFA."""

    kind: ReminderKind
    cause: str
    number: int
    days: int
    to_manager: bool = False


class NotDue(StrEnum):
    """Why there is no reminder today."""

    NOT_UNENROLLED = "nothing is missing"
    BEFORE_THE_FIRST = "the first day of the cadence has not come"
    REMINDED = "reminded since the latest day of the cadence"
    TODAY = "reminded today"
    UNCONFIRMED = "a reminder was claimed today, and is not known to have gone out"


def announced_on(announced: Announcement | None, announcement: Announcement | None, today: date) -> date | None:
    """Return the latest day on which a mail about the day of enforcement was due, today included; None if on none.

    A mail is due at once if no mail has named the day yet, and then on the days of the countdown.
    """
    if announcement is None:
        return None
    if announcement != announced:
        return today
    steps = (announcement.day - timedelta(days=days) for days in _COUNTDOWN)
    return max((step for step in steps if announcement.since < step <= today), default=None)


def decide_reminder(
    record: PersonRecord,
    cadence: Cadence,
    today: date,
    zone: tzinfo = UTC,
    announcement: Announcement | None = None,
) -> ReminderDue | NotDue:
    """Decide whether a person is reminded today, a day in the zone.

    `announcement` is what a mail has to say of the day on which the person is enforced.

    The first mail is never an escalation, which goes to the manager too: no mail may have been sent for weeks. Nobody
    is reminded twice in a day: an earlier reminder may have waited in the queue until this morning.

    Only the latest step counts: missed days are skipped, never sent in a burst. The cause names the step, so every run
    between two steps has the same cause, and the claim lets only one mail through. A reminder that was claimed on an
    earlier day and is not known to have gone out is due again, with today in its cause.
    """
    since, last = record.unenrolled_since, record.last_reminded
    if since is None:
        return NotDue.NOT_UNENROLLED
    days = (today - since).days
    step = cadence.latest_step(days)
    by_cadence = None if step is None else since + timedelta(days=step)
    due_on = max(filter(None, (by_cadence, announced_on(record.announcement, announcement, today))), default=None)
    if due_on is None:
        return NotDue.BEFORE_THE_FIRST
    escalates = step is not None and step >= cadence.escalate_after and last is not None
    kind = ReminderKind.ESCALATION if escalates else ReminderKind.REMINDER
    wait = _wait_for(record, due_on, today)
    if wait is None and last is not None and last.astimezone(zone).date() == today:
        wait = NotDue.TODAY
    if wait is not None:
        return wait
    cause = f"{kind}#{due_on}" if _latest_claim(record) < due_on else f"{kind}#{due_on}#{today}"
    last_days = announcement is not None and (announcement.day - today).days <= _LAST_DAYS and last is not None
    return ReminderDue(kind, cause, record.reminders + 1, days, to_manager=escalates or last_days)


def _wait_for(record: PersonRecord, due_on: date, today: date) -> NotDue | None:
    """Return why the reminder of this step is not due: it was sent, or may still be sent today."""
    if _latest_claim(record) < due_on:
        return None
    if record.claimed_on is None:
        return NotDue.REMINDED
    return NotDue.UNCONFIRMED if record.claimed_on >= today else None


def _latest_claim(record: PersonRecord) -> date:
    """Return the latest step for which a reminder was claimed, under the present or an earlier cadence."""
    reminders = (cause for cause in record.causes if cause.partition("#")[0] in set(ReminderKind))
    return max(filter(None, map(reminder_day_of, reminders)), default=date.min)
