"""The record of a person, which is kept from run to run, and how each run updates it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.enforcement.dates import Announcement

# A deleted user's record is kept this long: an audit may ask for it, and IAM may only have been slow.
REMEMBERED = timedelta(days=90)


class EnrolmentStatus(StrEnum):
    """A user's status with regard to MFA."""

    ENROLLED = "enrolled"
    UNENROLLED = "unenrolled"
    DORMANT = "dormant"  # neither a password nor an active access key: nobody can sign in
    EXEMPT = "exempt"
    UNKNOWN = "unknown"  # not in the credential report yet


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One item of the people table. `causes` are those of mails already claimed, such as `reminder#2026-11-24`.

    `unenrolled_since` is the first day on which the person could sign in and had no MFA, else None; `reminders` and
    `last_reminded` count from that day. `claimed_on` is the day whose reminder was claimed and is not known to have
    gone out. A `key_only` person has an access key and no password, so cannot sign in and register a device.
    `announcement` is what a mail has said of the day on which the user is enforced. `window_until` is the last day on
    which the person can enrol, `closed_on` the day on which the user was closed. `expires` is in seconds since 1970.
    """

    user_id: str
    user_name: str
    first_seen: date | None = None
    unenrolled_since: date | None = None
    reminders: int = 0
    last_reminded: datetime | None = None
    claimed_on: date | None = None
    key_only: bool = False
    causes: frozenset[str] = frozenset()
    enrolled_at: date | None = None
    address_trouble: str | None = None
    address_trouble_of: str | None = None
    announcement: Announcement | None = None
    window_until: date | None = None
    closed_on: date | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that differs from the table's."""

    before: PersonRecord
    after: PersonRecord


def first_unenrolled_day(able_since: date | None, last_run: date | None, today: date) -> date:
    """Return the day from which a person who is first found unenrolled counts as such.

    If the credential was enabled after the last run, it is the date in the report. Otherwise it is today, because the
    last run did not find the person unenrolled. It is also today if there was no run, because a first deployment must
    not escalate everybody at once.
    """
    if able_since is None or last_run is None or able_since < last_run:
        return today
    return min(able_since, today)


def after_run(
    record: PersonRecord, enrolment: EnrolmentStatus, *, start: date, today: date, key_only: bool | None = False
) -> PersonRecord:
    """Return the record after a run that found this status; a new lack of MFA counts from `start`.

    A person who gets a password beside the access key starts again, because only now can they register a device. If it
    is unknown whether there is a password (`key_only` is None), the value of the last run stays.
    """
    record = replace(record, expires=None, causes=_without_old(record.causes, today))
    if enrolment is EnrolmentStatus.UNKNOWN:
        return record
    if enrolment is not EnrolmentStatus.UNENROLLED:
        return _closed(record, enrolment, today)
    key_only = record.key_only if key_only is None else key_only
    if record.unenrolled_since is not None and key_only >= record.key_only:
        return replace(record, key_only=key_only)
    return replace(
        record,
        first_seen=record.first_seen or today,
        unenrolled_since=start,
        reminders=0,
        last_reminded=None,
        claimed_on=None,
        key_only=key_only,
        enrolled_at=None,
    )


def reminder_day_of(cause: str) -> date | None:
    """Return the day in the cause of a reminder or an account event; causes of events from release 1.0.0 have none."""
    try:
        return date.fromisoformat(cause.partition("#")[2].partition("#")[0])
    except ValueError:
        return None


def is_retry(cause: str) -> bool:
    """Return whether a reminder's cause is that of a retry: the step, and the day of the retry."""
    return cause.count("#") > 1


def _without_old(causes: frozenset[str], today: date) -> frozenset[str]:
    """Return the causes that may still matter: old steps do not recur, and no queue keeps a message so long."""
    return frozenset(cause for cause in causes if (reminder_day_of(cause) or date.min) >= today - REMEMBERED)


def _closed(record: PersonRecord, enrolment: EnrolmentStatus, today: date) -> PersonRecord:
    if record.unenrolled_since is None:
        return record
    enrolled_at = (record.enrolled_at or today) if enrolment is EnrolmentStatus.ENROLLED else None
    return replace(record, unenrolled_since=None, key_only=False, enrolled_at=enrolled_at)


def after_deletion(record: PersonRecord, today: date) -> PersonRecord:
    """Return the record of a deleted user, which expires."""
    if record.expires is not None:
        return record
    return replace(record, expires=int(datetime.combine(today + REMEMBERED, time(), UTC).timestamp()))
