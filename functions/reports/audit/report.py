"""The account at one moment for auditors: who is enforced and how, who has MFA, who is exempt, why and until when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from domain.enforcement.dates import Announcement
from domain.enrolment.devices import Devices
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.enrolment.totals import RunTotals
from domain.exemptions import Exemption
from domain.users import PolicyCoverage
from reports.key_use import latest_key


class Enforced(StrEnum):
    """How the enforcement policy reaches a user."""

    ATTACHED = "attached"
    IN_GROUP = "through the group"
    BOTH = "attached and through the group"
    ELSEWHERE = "through another group"
    NOT = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One user. `password` and `active_keys` are None if the credential report does not have the user yet.

    `ended` is an exemption that has ended, but whose tag is still there; `reminders` count since `without_since`. If
    there is no record of the user, `without_since`, `reminders` and `last_reminded` are None.

    `enforced_from` is the day from which an existing user is enforced, and `told_on` the day on which a mail announced
    it. `last_sign_in` and `key_last_used` (with its service) are those of the password and of the active access keys.
    `window_ends` is the last day on which the user can enrol, and `closed_on` the day since which the user cannot.
    """

    user_id: str
    name: str
    path: str
    created: datetime
    password: bool | None
    active_keys: int | None
    devices: Devices
    enrolment: EnrolmentStatus
    enforced: Enforced
    exemption: Exemption | None
    ended: Exemption | None
    without_since: date | None
    reminders: int | None
    last_reminded: datetime | None
    enforced_from: date | None
    told_on: date | None
    last_sign_in: date | None
    key_last_used: date | None
    key_last_used_service: str | None
    window_ends: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The account at one time; `runs` are the totals of the runs that are still stored, of which this one is the last.

    `report_made` is None if IAM returned no credential report. `not_deployed` names the stack that was not found, and
    is empty if it was found. Without the stack, enforcement, reminders and earlier runs are unknown.
    """

    account: str
    at: datetime
    report_made: datetime | None
    escalate_after: int
    runs: tuple[RunTotals, ...]
    rows: tuple[AuditRow, ...]
    not_deployed: str = ""

    @property
    def totals(self) -> RunTotals:
        """Return the numbers of this run."""
        return self.runs[-1]

    @property
    def not_enforced(self) -> int | None:
        """Return the number of users who are neither exempt nor enforced; None if it is unknown."""
        if self.not_deployed:
            return None
        return sum(row.enforced is Enforced.NOT and row.enrolment is not EnrolmentStatus.EXEMPT for row in self.rows)

    @property
    def password_without_mfa(self) -> int | None:
        """Return the number of users, exempt ones too, with a console password and no MFA device; None if unknown.

        It is the number that fails "IAM.5" of Security Hub ("MFA should be enabled for all IAM users that have a
        console password") and the rule mfa-enabled-for-iam-console-access of AWS Config.
        """
        return None if self.report_made is None else sum(map(has_password_without_mfa, self.rows))


# Users who need attention come first.
_ORDER = [
    EnrolmentStatus.UNENROLLED,
    EnrolmentStatus.UNKNOWN,
    EnrolmentStatus.EXEMPT,
    EnrolmentStatus.DORMANT,
    EnrolmentStatus.ENROLLED,
]


def audit_report_of(
    snapshot: EnrolmentSnapshot,
    runs: Sequence[RunTotals],
    *,
    account: str,
    report_made: datetime | None,
    escalate_after: int,
) -> AuditReport:
    """Return the report of the last of the runs, which found this snapshot."""
    rows = sorted(map(_row, snapshot.people), key=lambda row: (_ORDER.index(row.enrolment), row.name.casefold()))
    return AuditReport(account, runs[-1].at, report_made, escalate_after, tuple(runs), tuple(rows))


def without_stack(report: AuditReport, not_deployed: str) -> AuditReport:
    """Return the report without what only the stack knows, and with the name of the missing stack."""
    rows = tuple(
        replace(
            row,
            enforced=Enforced.UNKNOWN,
            without_since=None,
            reminders=None,
            last_reminded=None,
            enforced_from=None,
            told_on=None,
        )
        for row in report.rows
    )
    return replace(report, rows=rows, not_deployed=not_deployed)


def has_password_without_mfa(row: AuditRow) -> bool:
    """Return whether a user can sign in with the password alone."""
    return bool(row.password) and not row.devices


def _row(person: Person) -> AuditRow:
    record, announcement = person.record, _announcement(person)
    key = latest_key(person.last_use)
    return AuditRow(
        user_id=person.user.user_id,
        name=person.user.name,
        path=person.user.path,
        created=person.user.created,
        password=person.password,
        active_keys=person.active_keys,
        devices=person.devices,
        enrolment=person.enrolment,
        enforced=_enforced(person.coverage),
        exemption=person.exemption,
        ended=person.ended_exemption,
        without_since=record.unenrolled_since,
        reminders=record.reminders,
        last_reminded=record.last_reminded,
        enforced_from=announcement.day if announcement else None,
        told_on=record.announcement.since if announcement and record.announcement else None,
        last_sign_in=person.last_use.signed_in if person.last_use else None,
        key_last_used=key.on,
        key_last_used_service=key.service,
        window_ends=person.window.until,
        closed_on=person.window.closed_on,
    )


def _announcement(person: Person) -> Announcement | None:
    """Return what the next mail has to say of the day, or what the last said if the user is enforced by now."""
    return person.announcement or (person.record.announcement if person.coverage.enforced() else None)


def _enforced(coverage: PolicyCoverage) -> Enforced:
    match coverage:
        case PolicyCoverage(attached=True, in_group=True):
            return Enforced.BOTH
        case PolicyCoverage(attached=True):
            return Enforced.ATTACHED
        case PolicyCoverage(in_group=True):
            return Enforced.IN_GROUP
        case PolicyCoverage(other_groups=others) if others:
            return Enforced.ELSEWHERE
        case _:
            return Enforced.NOT
