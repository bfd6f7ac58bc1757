"""The counts of a run, kept so that the next one can show the trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot, Person

ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class RunTotals:
    """How many people had each EnrolmentStatus at that time.

    `counts["escalated"]` are the unenrolled who are past the day of escalation, whether or not they got that mail.

    `request` is Lambda's request id, which a run shares with its retries. `published` is True once ops got the digest.
    The totals are kept until they `expires`, in seconds since 1970.
    """

    at: datetime
    counts: Mapping[str, int]
    request: str = ""
    published: bool = False
    expires: int | None = None


def escalated(snapshot: EnrolmentSnapshot, after_days: int) -> list[Person]:
    """Return people who could register a device for at least so many days and have none, the longest first."""
    return [
        person
        for person in longest_first(snapshot)
        if not person.key_only and days_without(person, snapshot) >= after_days
    ]


def longest_first(snapshot: EnrolmentSnapshot) -> list[Person]:
    """Return the unenrolled people, the longest first."""
    return sorted(snapshot.with_status(EnrolmentStatus.UNENROLLED), key=lambda person: -days_without(person, snapshot))


def days_without(person: Person, snapshot: EnrolmentSnapshot) -> int:
    """Return the number of whole days on which the person could sign in and had no MFA."""
    since = person.record.unenrolled_since
    return 0 if since is None else (snapshot.today - since).days


def totals_of(snapshot: EnrolmentSnapshot, escalate_after: int, at: datetime, request: str = "") -> RunTotals:
    """Count every person of the snapshot."""
    by_status = snapshot.count()
    counts: dict[str, int] = {enrolment.value: by_status[enrolment] for enrolment in EnrolmentStatus}
    return RunTotals(at, {**counts, ESCALATED: len(escalated(snapshot, escalate_after))}, request)
