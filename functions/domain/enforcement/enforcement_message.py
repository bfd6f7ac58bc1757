"""The message on which `notify` mails a user about enforcement.

Enforcement begins on a day, has begun, or denies the enrolment too.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.enforcement.dates import Announcement
from domain.input.fields import Fields, Malformed


class EnforcementMailKind(StrEnum):
    """What the mail says: that enforcement begins on a day, or that it has begun."""

    ANNOUNCEMENT = "announcement"
    ENFORCED = "enforced"
    CLOSED = "closed"


class MalformedEnforcementMessage(Malformed):
    """A message about enforcement is malformed."""


@dataclass(frozen=True, slots=True)
class EnforcementMessage:
    """One mail to one user, planned `at` that time.

    A mail that is planned twice has the same `cause`, such as `announcement#2027-01-08`, and is sent once. `since` is
    the day of the first mail that named `day`, None if this mail is the first.
    """

    kind: EnforcementMailKind
    cause: str
    user_name: str
    user_id: str
    day: date
    at: datetime
    since: date | None
    account: str

    def to_json(self) -> str:
        """Return the body of the queue message."""
        return json.dumps(asdict(self), default=lambda value: value.isoformat())

    @classmethod
    def read(cls, message: Fields) -> "EnforcementMessage":
        """Read the body of a queue message; raises MalformedEnforcementMessage."""
        return cls(
            kind=message.one_of(EnforcementMailKind, "kind"),
            cause=message.text("cause", most=200),
            user_name=message.user_name("user_name"),
            user_id=message.user_id("user_id"),
            day=message.day("day"),
            at=message.time("at"),
            since=message.optional_day("since"),
            account=message.text("account"),
        )

    def announcement_on(self, today: date) -> Announcement:
        """Return what the user knows once the mail has been sent, today."""
        return Announcement(self.day, self.since or today)
