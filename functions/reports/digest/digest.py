"""The digest that ops get after a run: what they must do, the numbers with their change, and who is left."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot
from domain.enrolment.totals import ESCALATED, RunTotals
from domain.mail.ses_status import NoSending, SendingState, sending_problem
from domain.notice import Notice, Severity
from domain.reminders.plan import ReminderOutcome
from domain.text import counted, first, plain, wrapped
from reports.digest import sections
from reports.digest.numbers import numbers, share

_MOST_UNREADABLE = 20


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


def digest_of(run: ReminderRun) -> Notice:
    """Write the digest."""
    counts = run.totals.counts
    # SNS accepts only ASCII in a subject.
    dry = "[dry run] " if run.dry_run else ""
    summary = [
        f"{counts[state]:,} {what}"
        for state, what in (
            (EnrolmentStatus.UNENROLLED, "not enrolled"),
            (ESCALATED, f"of them for {run.escalate_after} days or longer"),
            (EnrolmentStatus.UNKNOWN, "not known"),
        )
        if counts[state]
    ]
    subject = f"{dry}MFA in {run.account}: {', '.join(summary) or 'everybody is enrolled'}"
    needs = list(_needs(run))
    parts = [
        f"MFA in account {run.account}, {run.snapshot.today:%-d %B %Y}",
        share(run.totals),
        numbers(run.totals, run.before, run.escalate_after),
        *(
            [sections.section("Needs your attention", [wrapped(f"- {need}", hang="  ") for need in needs])]
            if needs
            else []
        ),
        *sections.people(
            run.snapshot,
            run.escalate_after,
            reminded_today={message.user_id for message in run.outcome.queued},
            dry_run=run.dry_run,
            unreachable=run.sending is not NoSending.NO_SENDER,
        ),
        _footer(run),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return Notice("digest", _severity(run, needs), subject, text)


def _severity(run: ReminderRun, needs: list[str]) -> Severity:
    if not run.outcome.complete:
        return Severity.ALARM
    return Severity.WARNING if needs or run.totals.counts[ESCALATED] else Severity.INFORMATION


def _needs(run: ReminderRun) -> Iterator[str]:
    yield from _undone(run.outcome)
    if run.report_made is None:
        yield (
            "There was no credential report, so passwords, access keys, passkeys and hardware tokens were not read. "
            "Users found unenrolled by the last run still count as unenrolled; new users are checked in the next run."
        )
    if run.unreadable:
        names = ", ".join(first((plain(name) for name in run.unreadable), _MOST_UNREADABLE))
        yield f"These entries of the credential report or the people table could not be read: {names}."
    trouble = sending_problem(run.sending)
    if trouble:
        yield trouble


def _undone(outcome: ReminderOutcome) -> Iterator[str]:
    if outcome.refused:
        yield f"{_reminders(outcome.refused)} could not be queued. The next run plans them again."
    if outcome.unremembered:
        names = ", ".join(first((plain(name) for name in outcome.unremembered), _MOST_UNREADABLE))
        yield f"The records of these people could not be written, so they were not reminded: {names}."
    if outcome.unchecked:
        yield f"{_people(outcome.unchecked)} not reminded: IAM did not say whether they have a device now."
    if outcome.postponed:
        yield f"{_people(outcome.postponed)} not reminded: time ran out. The next run continues."
    if outcome.over_quota:
        yield f"{_people(outcome.over_quota)} not reminded: SES sends no more mails today. The next run continues."


def _footer(run: ReminderRun) -> str:
    made = f"the credential report of {run.report_made:%Y-%m-%d %H:%M} UTC and " if run.report_made else ""
    queued = f"This run {'would have queued' if run.dry_run else 'queued'} {_reminders(len(run.outcome.queued))}."
    dry = " This was a dry run: no mail was sent, nothing was written." if run.dry_run else ""
    return wrapped(f"Made from {made}live reads of IAM. {queued}{dry}")


def _reminders(number: int) -> str:
    return counted(number, "reminder", "reminders")


def _people(number: int) -> str:
    return counted(number, "person was", "people were")
