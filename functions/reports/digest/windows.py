"""The sections about the enrolment window: the users who are closed, and those who soon will be."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from domain.enrolment.snapshot import Person
from domain.enrolment.window import CLOSED_TAG, MOST_CLOSED, PROLONGED_TAG, WindowState, malformed_prolongation
from domain.reminders.plan import ReminderOutcome
from domain.text import counted, plain
from reports.digest.commands import untag_command
from reports.digest.run import ReminderRun
from reports.digest.screen import Entry, Section

_SOON = timedelta(days=3)


def is_closed(person: Person) -> bool:
    """Return whether the user can no longer enrol."""
    return person.window.state is WindowState.CLOSED


def closed(people: Sequence[Person]) -> Section:
    """Return the section about users who can no longer enrol, with the commands that let them again."""
    return Section(
        "Closed: nobody claimed them",
        [
            Entry(
                f"{plain(person.user.name)}: since {person.window.closed_on}",
                command=untag_command(person.user.name, CLOSED_TAG),
            )
            for person in people
        ],
        "They registered no device in time, and AWS denies them everything. Set a new password or remove the tag: both "
        "give them all the days again. Delete users that nobody needs.",
    )


def has_malformed_prolongation(person: Person) -> bool:
    """Return whether the tag that prolongs the window of an unclaimed user is no day."""
    return _is_unclaimed(person) and malformed_prolongation(person.user) is not None


def not_prolonged(people: Sequence[Person]) -> Section:
    """Return the section about users whose tag is no day."""
    return Section(
        f"Not prolonged: what {PROLONGED_TAG} says is no day",
        [Entry(f"{plain(person.user.name)}: {plain(malformed_prolongation(person.user) or '')}") for person in people],
        "Write the last day as YYYY-MM-DD.",
    )


def closes_soon(person: Person, run: ReminderRun) -> bool:
    """Return whether the window of an unclaimed user ends within three days."""
    until = person.window.until
    return _is_unclaimed(person) and until is not None and until <= run.day + _SOON


def closing(people: Sequence[Person], run: ReminderRun) -> Section:
    """Return the section about users whose window ends soon, the first to end on top."""
    return Section(
        "Closes within three days",
        [
            Entry(f"{plain(person.user.name)}: {_when(person, run)}")
            for person in sorted(people, key=lambda person: f"{person.window.until} {person.user.name}")
        ],
        f"After the last day they cannot register a device. The tag {PROLONGED_TAG} with a later day, such as "
        "2026-12-31, gives one of them more time.",
    )


def unrequested(outcome: ReminderOutcome) -> Iterator[str]:
    """Yield what ops must know of requests that could not be queued."""
    if outcome.unrequested:
        users = counted(outcome.unrequested, "user", "users")
        yield f"Requests to close or reopen {users} could not be queued. The next run asks again."


def _is_unclaimed(person: Person) -> bool:
    return person.window.state in {WindowState.OPEN, WindowState.ENDED}


def _when(person: Person, run: ReminderRun) -> str:
    until = person.window.until
    if person.window.state is WindowState.ENDED:
        return f"the last day was {until}, closed now (at most {MOST_CLOSED} in a run)"
    if until is not None and until < run.day:
        return f"the last day was {until}, not closed yet because of a recent sign-in"
    return f"the last day is {until}"
