"""What ops are told after a run: who is left, what needs them, and whether it is getting better."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain import digest_sections as sections
from domain.enrolment import EnrolmentPicture
from domain.notices import Notice, Severity
from domain.people import Enrolment
from domain.plain_text import fitting, wrapped
from domain.reminder_plan import Outcome
from domain.sending import NoSending, SendingState, trouble_with
from domain.totals import ESCALATED, RunTotals

# "Publish" in the Amazon SNS API Reference: a message has at most 256 KiB. Its attributes count too.
_MOST_BYTES = 250 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a digest follows from. `report_made` is None where there was no credential report."""

    account: str
    picture: EnrolmentPicture
    totals: RunTotals
    before: RunTotals | None
    outcome: Outcome
    sending: SendingState | NoSending
    report_made: datetime | None
    escalate_after: int
    dry_run: bool


def digest_of(run: Run) -> Notice:
    """Write the digest."""
    counts = run.totals.counts
    unenrolled, escalated = counts[Enrolment.UNENROLLED], counts[ESCALATED]
    subject = f"MFA: {_everybody(unenrolled)}{f', {escalated:,} escalated' if escalated else ''} · {run.account}"
    needs = list(_needs(run))
    parts = [
        f"MFA in account {run.account}, {run.picture.today:%-d %B %Y}",
        _share(run),
        _numbers(run),
        *([sections.section("What needs you", [wrapped(f"- {need}", hang="  ") for need in needs])] if needs else []),
        *sections.people(run.picture, run.escalate_after, unreachable=run.sending is not NoSending.NO_SENDER),
        _footer(run),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return Notice("digest", _severity(run, needs), subject, fitting(text, _MOST_BYTES))


def _everybody(unenrolled: int) -> str:
    return f"{unenrolled:,} not enrolled" if unenrolled else "everybody is enrolled"


def _severity(run: Run, needs: list[str]) -> Severity:
    if not run.outcome.complete:
        return Severity.ALARM
    return Severity.WARNING if needs or run.totals.counts[ESCALATED] else Severity.INFORMATION


def _share(run: Run) -> str:
    enrolled, unenrolled = (run.totals.counts[state] for state in (Enrolment.ENROLLED, Enrolment.UNENROLLED))
    everybody = enrolled + unenrolled
    if not everybody:
        return "Nobody here needs MFA."
    if not unenrolled:
        return f"All {everybody:,} people who need MFA have it."
    # Never 100 % while somebody is left.
    return f"{enrolled:,} of {everybody:,} people who need MFA have it: {enrolled * 100 // everybody} %."


def _numbers(run: Run) -> str:
    meanings = {
        Enrolment.ENROLLED: "enrolled",
        Enrolment.UNENROLLED: "not enrolled",
        ESCALATED: f"of them for {run.escalate_after} days or longer",
        Enrolment.EXEMPT: "exempt",
        Enrolment.DORMANT: "dormant: neither a password nor an active access key",
        Enrolment.UNKNOWN: "too new to tell, or the credential report is missing",
    }
    shown = {state: meaning for state, meaning in meanings.items() if run.totals.counts[state] or _changed(run, state)}
    lines = [f"{run.totals.counts[state]:>6,}  {meaning}{_trend(run, state)}" for state, meaning in shown.items()]
    since = f"(in brackets: the change since {run.before.at:%-d %B, %H:%M} UTC)" if run.before else ""
    return "\n".join([*lines, *([since] if since and any(_changed(run, state) for state in shown) else [])])


def _changed(run: Run, state: str) -> int:
    return run.totals.counts[state] - run.before.counts.get(state, 0) if run.before else 0


def _trend(run: Run, state: str) -> str:
    change = _changed(run, state)
    return f" ({change:+,})".replace("-", "\N{MINUS SIGN}") if change else ""


def _needs(run: Run) -> Iterator[str]:
    outcome = run.outcome
    if outcome.refused:
        yield f"{outcome.refused:,} reminders did not get onto the queue. The next run plans them again."
    if outcome.unchecked:
        yield f"{outcome.unchecked:,} people were not reminded: IAM did not say whether they have a device by now."
    if outcome.postponed:
        yield f"{outcome.postponed:,} people were not reminded: time was up. The next run goes on."
    if run.report_made is None:
        yield (
            "There was no credential report, so passwords, access keys, passkeys and hardware tokens were not seen. "
            "Who was not enrolled at the last run still counts as that; who is new waits."
        )
    trouble = trouble_with(run.sending)
    if trouble:
        yield trouble


def _footer(run: Run) -> str:
    made = f"the credential report of {run.report_made:%Y-%m-%d %H:%M} UTC and " if run.report_made else ""
    mails = f"{len(run.outcome.queued):,} reminders {'would be' if run.dry_run else 'were'} sent by this run."
    dry = " This was a dry run: no mail was sent, nothing was written." if run.dry_run else ""
    return wrapped(f"Made from {made}live reads of IAM. {mails}{dry}")
