"""When a person is reminded: on which days, how it becomes an escalation, and why not today."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from domain.people import History
from domain.reminders import ReminderKind

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
class Due:
    """A reminder that is due; `number` counts from 1 since the first day without MFA, `days` those without it."""

    kind: ReminderKind
    cause: str
    number: int
    days: int


class Wait(StrEnum):
    """Why there is no reminder today."""

    NOT_UNENROLLED = "nothing is missing"
    BEFORE_THE_FIRST = "the first day of the cadence has not come"
    REMINDED = "reminded since the latest day of the cadence"


def decide_reminder(history: History, cadence: Cadence, today: date) -> Due | Wait:
    """Decide whether a person is reminded today.

    Only the latest step counts: days that were missed are passed over, never sent in a burst. The cause is made of the
    step, so every run between two steps finds the same one, and the claim on it lets only one mail through.
    """
    since = history.unenrolled_since
    if since is None:
        return Wait.NOT_UNENROLLED
    days = (today - since).days
    step = cadence.latest_step(days)
    if step is None:
        return Wait.BEFORE_THE_FIRST
    due_on = since + timedelta(days=step)
    if _reminded(history, due_on):
        return Wait.REMINDED
    kind = ReminderKind.ESCALATION if step >= cadence.escalate_after else ReminderKind.REMINDER
    return Due(kind, _cause(kind, due_on), history.reminders + 1, days)


def _reminded(history: History, due_on: date) -> bool:
    if history.last_reminded is not None and history.last_reminded.date() >= due_on:
        return True
    return any(_cause(kind, due_on) in history.causes for kind in ReminderKind)


def _cause(kind: ReminderKind, due_on: date) -> str:
    return f"{kind}#{due_on.isoformat()}"
