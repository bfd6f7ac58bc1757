"""The section about exemptions that end soon, with the commands that extend them."""

from collections.abc import Sequence
from datetime import date, timedelta

from domain.enrolment.snapshot import EnrolmentRules, Person
from domain.exemptions import Exemption
from domain.text import plain
from reports.digest.commands import tag_command
from reports.digest.last_use import use_of
from reports.digest.run import ReminderRun
from reports.digest.screen import Entry, Section

# So many days before its last day, an exemption is announced.
_STEPS = (14, 7, 3, 1)
_EXTENSION = timedelta(days=90)

# "Tag" in the IAM API Reference: a value has at most 256 characters.
_LONGEST_VALUE = 256


def ending(person: Person, run: ReminderRun, rules: EnrolmentRules) -> Exemption | None:
    """Return the exemption whose end is announced today: its day has come, or came after the last digest.

    None if the user stays exempt for another reason.
    """
    exemption = person.exemption
    if exemption is None or exemption.until is None:
        return None
    steps = (exemption.until - timedelta(days=days) for days in _STEPS)
    is_announced = any(_last_digest(run) < step <= run.day for step in steps)
    stays = rules.exemptions.exemption_of(person.user, exemption.until + timedelta(days=1)) is not None
    return exemption if is_announced and not stays else None


def endings(people: Sequence[Person], run: ReminderRun, rules: EnrolmentRules) -> Section:
    """Return the section of the exemptions that end soon, the next to end first."""
    ends = [
        (person, exemption, until)
        for person in people
        if (exemption := person.exemption) and (until := exemption.until)
    ]
    ends.sort(key=lambda entry: (entry[2], entry[0].user.name))
    return Section(
        "Exemptions that end soon",
        [
            Entry(
                f"{plain(person.user.name)}: until {until}, {_left(until, run.day)}",
                use_of(person, run.day),
                extension(person.user.name, exemption, until + _EXTENSION, rules.exemptions.tag_key),
            )
            for person, exemption, until in ends
        ],
        "After its last day an exemption has no effect: users in scope are then denied nearly everything until they "
        f"sign in with MFA. To extend by {_EXTENSION.days} days, run the command; choose another day if you like.",
    )


def extension(user_name: str, exemption: Exemption, until: date, tag_key: str) -> str:
    """Return the command that exempts the user until that day, for the same reason, quoted for a shell."""
    reason = "" if exemption.reason == f"until {exemption.until}" else plain(exemption.reason, _LONGEST_VALUE)
    value = f"{until} {reason}".strip()[:_LONGEST_VALUE].rstrip()
    return tag_command(user_name, tag_key, value)


def _last_digest(run: ReminderRun) -> date:
    """Return the day up to which ends are announced; a second run of a day announces the same as the first."""
    if run.before is None or not run.before.published:
        return date.min
    return min(run.before.at.date(), run.day - timedelta(days=1))


def _left(until: date, today: date) -> str:
    days = (until - today).days
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
