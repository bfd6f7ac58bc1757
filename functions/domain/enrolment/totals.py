"""What a run comes to in numbers, kept so that the next one can say whether it is getting better."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot, Person

ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class RunTotals:
    """How many people stood how to MFA at that time, by Enrolment.

    `counts["escalated"]` are the unenrolled who are past the day of escalation, whether or not they got that mail.

    `request` is Lambda's id of the run, which a run has in common with its repetition; `told` tells whether ops got its
    digest. It is remembered until it `expires`, in seconds since 1970.
    """

    at: datetime
    counts: Mapping[str, int]
    request: str = ""
    published: bool = False
    expires: int | None = None


def escalated(snapshot: EnrolmentSnapshot, after_days: int) -> list[Person]:
    """Return who was able to register a device for so many days or longer and has none, the longest first."""
    return [
        person
        for person in longest_first(snapshot)
        if not person.key_only and days_without(person, snapshot) >= after_days
    ]


def longest_first(snapshot: EnrolmentSnapshot) -> list[Person]:
    """Return who is unenrolled, the longest first."""
    return sorted(snapshot.with_status(EnrolmentStatus.UNENROLLED), key=lambda person: -days_without(person, snapshot))


def days_without(person: Person, snapshot: EnrolmentSnapshot) -> int:
    """Return for how many whole days the person could sign in and had no MFA."""
    since = person.record.unenrolled_since
    return 0 if since is None else (snapshot.today - since).days


def totals_of(snapshot: EnrolmentSnapshot, escalate_after: int, at: datetime, request: str = "") -> RunTotals:
    """Count everybody."""
    found = snapshot.count()
    counts: dict[str, int] = {enrolment.value: found[enrolment] for enrolment in EnrolmentStatus}
    return RunTotals(at, {**counts, ESCALATED: len(escalated(snapshot, escalate_after))}, request)
