"""From which day an existing user is enforced, and whether the user was told of that day early enough.

1. The day is the one in the user's tag, else the one for everybody; a tag that is no day means that there is none.
2. A mail announces the day, and the user is enforced no earlier than the day it names, and no earlier than the days of
   notice after it.
3. A day that is moved later is kept as soon as it is moved; one that is moved earlier needs another mail, and its days
   of notice.
4. Users without a working address wait, or are enforced on their day: ops choose.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.users import User

# Words may follow: "2027-01-15 wave 2".
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?!\w)")


class UnreachableUsers(StrEnum):
    """What happens on their day to users who cannot be told of it."""

    WAIT = "wait"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A mail has told the user that enforcement begins on `day`; the user has known since the day `since`."""

    day: date
    since: date


@dataclass(frozen=True, slots=True)
class DateRules:
    """What ops chose. Days are those of the reminders' time zone; without a `day` only tagged users have one.

    Users created before `since` are existing users; None means since the deployment.
    """

    day: date | None = None
    tag_key: str = ""
    notice: timedelta = timedelta(0)
    unreachable: UnreachableUsers = UnreachableUsers.WAIT
    since: datetime | None = None

    def day_of(self, user: User) -> date | None:
        """Return the day that ops chose for the user, None if there is none."""
        value = self._value(user)
        return day_in(value) if value else self.day

    def malformed(self, user: User) -> str | None:
        """Return what the user's tag says if it is no day."""
        value = self._value(user)
        return value if value and day_in(value) is None else None

    def awaits_enforcement(self, user: User, today: date) -> bool:
        """Return whether a user without the policy is an existing user; a new one gets the policy within minutes."""
        return user.created < self.since if self.since else user.created.date() < today - timedelta(days=1)

    def next_announcement(self, user: User, announced: Announcement | None, today: date) -> Announcement | None:
        """Return what a mail has to say today; it says nothing new if that equals what was announced."""
        day = self.day_of(user)
        if day is None:
            return None
        new = Announcement(max(day, today + self.notice), since=today)
        if announced is None:
            return new
        known = Announcement(max(day, announced.day, announced.since + self.notice), announced.since)
        return known if known.day <= new.day else new

    def is_due(self, user: User, announced: Announcement | None, today: date, *, reachable: bool) -> bool:
        """Tell whether an existing user is enforced today."""
        day = self.day_of(user)
        if day is None or today < day:
            return False
        if announced is not None:
            return today >= max(announced.day, announced.since + self.notice)
        return not reachable and self.unreachable is UnreachableUsers.ENFORCE

    def _value(self, user: User) -> str:
        return user.tag(self.tag_key) if self.tag_key else ""


NO_DATES = DateRules()


def day_in(value: str) -> date | None:
    """Return the day that a tag's value begins with, None if it begins with none."""
    found = _DAY.match(unicodedata.normalize("NFKC", value).strip())
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
