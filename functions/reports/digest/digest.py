"""The digest that ops get after a run: what they must do, the numbers with their change, and who is left."""

from collections.abc import Iterator

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentRules
from domain.enrolment.totals import ESCALATED
from domain.mail.ses_status import NoSending, sending_problem
from domain.notice import Notice, Severity
from domain.reminders.plan import ReminderOutcome
from domain.text import counted, first, plain, wrapped
from reports.digest.days import programs_need
from reports.digest.links import Links
from reports.digest.numbers import numbers, share
from reports.digest.run import ReminderRun
from reports.digest.screen import Section, one_screen
from reports.digest.sections import Sections
from reports.digest.windows import unrequested

__all__ = ["ReminderRun", "digest_of"]

_MOST_UNREADABLE = 20


def digest_of(run: ReminderRun, rules: EnrolmentRules, links: Links) -> Notice:
    """Write the digest: on one screen, what needs ops first. `rules` are those that the run judged the users by."""
    sections = Sections(run, rules)
    urgent = sections.urgent()
    bullets = [*_needs(run), *([programs_need(sections.programs())] if sections.programs() else [])]
    needs = "\n".join(["NEEDS YOUR ATTENTION", *(wrapped(f"- {need}", hang="  ") for need in bullets)])
    parts: list[str | Section] = [
        f"MFA in account {run.account}, {run.snapshot.today:%-d %B %Y}",
        *([needs] if bullets or urgent else []),
        *urgent,
        f"{share(run.totals)}\n{numbers(run.totals, run.before, run.escalate_after)}",
        *sections.others(),
        _links(links),
        _footer(run),
    ]
    return Notice("digest", _severity(run, bool(bullets or urgent)), _subject(run), one_screen(parts, links.report))


def _subject(run: ReminderRun) -> str:
    """Return the subject, in ASCII because SNS accepts nothing else."""
    counts = run.totals.counts
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
    return f"{dry}MFA in {run.account}: {', '.join(summary) or 'everybody is enrolled'}"


def _severity(run: ReminderRun, somebody_must_act: bool) -> Severity:
    if not run.outcome.complete:
        return Severity.ALARM
    return Severity.WARNING if somebody_must_act else Severity.INFORMATION


def _needs(run: ReminderRun) -> Iterator[str]:
    yield from _undone(run.outcome)
    yield from unrequested(run.outcome)
    if run.report_made is None:
        yield (
            "There was no credential report, so passwords, access keys, passkeys and hardware tokens were not read. "
            "Users found unenrolled by the last run still count as unenrolled; new users are checked in the next run."
        )
    if run.unreadable:
        names = ", ".join(first((plain(name) for name in run.unreadable), _MOST_UNREADABLE))
        yield f"These entries of the credential report or the people table could not be read: {names}."
    trouble = sending_problem(run.sending)
    if trouble and run.sends_mail:
        yield trouble


def _undone(outcome: ReminderOutcome) -> Iterator[str]:
    if outcome.refused:
        yield f"{counted(outcome.refused, 'mail', 'mails')} could not be queued. The next run plans them again."
    if outcome.unremembered:
        names = ", ".join(first((plain(name) for name in outcome.unremembered), _MOST_UNREADABLE))
        yield f"The records of these people could not be written, so they were not reminded: {names}."
    if outcome.unchecked:
        yield f"{_people(outcome.unchecked)} not reminded: IAM did not say whether they have a device now."
    if outcome.postponed:
        yield f"{_people(outcome.postponed)} not reminded: time ran out. The next run continues."
    if outcome.over_quota:
        yield f"{_people(outcome.over_quota)} not reminded: SES sends no more mails today. The next run continues."


def _links(links: Links) -> str:
    lines = [
        *([f"Every user: {links.report}"] if links.report else []),
        *([f"Dashboard:  {links.dashboard}"] if links.dashboard else []),
    ]
    return "\n".join(lines)


def _footer(run: ReminderRun) -> str:
    made = f"the credential report of {run.report_made:%Y-%m-%d %H:%M} UTC and " if run.report_made else ""
    queued = counted(len(run.outcome.queued), "reminder", "reminders")
    if run.outcome.announced:
        announced = counted(len(run.outcome.announced), "mail", "mails")
        queued = f"{queued} and {announced} about the day of enforcement"
    sentences = [
        f"Made from {made}live reads of IAM.",
        f"This run {'would have queued' if run.dry_run else 'queued'} {queued}.",
        *([] if run.sends_mail else [sending_problem(NoSending.NO_SENDER) or ""]),
        *(["This was a dry run: no mail was sent, nothing was written."] if run.dry_run else []),
    ]
    return wrapped(" ".join(sentences))


def _people(number: int) -> str:
    return counted(number, "person was", "people were")
