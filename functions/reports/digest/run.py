"""The facts about a reminder run that its digest is written from."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.enrolment.snapshot import EnrolmentSnapshot
from domain.enrolment.totals import RunTotals
from domain.mail.ses_status import NoSending, SendingState
from domain.reminders.plan import ReminderOutcome


@dataclass(frozen=True, slots=True)
class ReminderRun:
    """All that a digest is written from. `report_made` is None if there was no credential report.

    `unreadable` are rows of that report and items of the people table that could not be read.
    """

    account: str
    snapshot: EnrolmentSnapshot
    totals: RunTotals
    before: RunTotals | None
    outcome: ReminderOutcome
    sending: SendingState | NoSending
    report_made: datetime | None
    escalate_after: int
    dry_run: bool
    unreadable: tuple[str, ...] = ()

    @property
    def sends_mail(self) -> bool:
        """Return whether ops have switched on mail to people."""
        return self.sending is not NoSending.NO_SENDER

    @property
    def day(self) -> date:
        """Return the day of the run in UTC, in which exemptions end and credentials are used."""
        return self.totals.at.date()
