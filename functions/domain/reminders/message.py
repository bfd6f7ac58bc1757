"""The queue message with which `remind` asks `notify` to send a reminder."""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum

from domain.contact.languages import Language
from domain.enforcement.dates import Announcement
from domain.input.fields import Fields, Malformed


class ReminderKind(StrEnum):
    """The kind of a reminder: an escalation says so, and goes to the manager too."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


class MalformedReminder(Malformed):
    """A message is not a reminder."""


@dataclass(frozen=True, slots=True)
class ReminderMessage:
    """One mail to one person.

    `cause` names the step of the cadence that is due, such as `reminder#2026-11-24`: a second plan has the same cause,
    so the mail is sent once. `number` counts this person's reminders from 1, `days` the whole days without MFA. A
    message of release 1.0.0 names no `account`: it is about the account of its queue. `enforced_from` is the day on
    which the user is enforced, if there is one; `announced_since` is the day of the first mail that named it, None if
    this mail is the first. `window_until` is the last day on which the user can enrol alone, None for no limit.
    """

    kind: ReminderKind
    cause: str
    user_name: str
    user_id: str
    to: str
    cc: str | None
    language: Language
    unenrolled_since: date
    number: int
    days: int
    account: str | None = None
    enforced_from: date | None = None
    announced_since: date | None = None
    window_until: date | None = None

    def to_json(self) -> str:
        """Return the body of the queue message."""
        return json.dumps(asdict(self), default=date.isoformat)

    def announcement_on(self, today: date) -> Announcement | None:
        """Return what the user knows of the day of enforcement once the mail has been sent, today."""
        return Announcement(self.enforced_from, self.announced_since or today) if self.enforced_from else None

    @classmethod
    def from_json(cls, body: str) -> "ReminderMessage":
        """Read the body of a queue message; raises MalformedReminder."""
        message = Fields.of(body, MalformedReminder)
        return cls(
            kind=message.one_of(ReminderKind, "kind"),
            cause=message.text("cause", most=200),
            user_name=message.user_name("user_name"),
            user_id=message.user_id("user_id"),
            to=message.text("to"),
            cc=message.optional_text("cc"),
            language=message.one_of(Language, "language"),
            unenrolled_since=message.day("unenrolled_since"),
            number=message.count("number", least=1),
            days=_days(message),
            account=message.optional_text("account"),
            enforced_from=message.optional_day("enforced_from"),
            announced_since=message.optional_day("announced_since"),
            window_until=message.optional_day("window_until"),
        )


def _days(message: Fields) -> int:
    """Return the days without MFA; their last day must be in the calendar."""
    days = message.count("days", least=0)
    try:
        message.day("unenrolled_since") + timedelta(days)
    except OverflowError as error:
        raise MalformedReminder("days", "so many that the calendar has a day for them", days) from error
    return days
