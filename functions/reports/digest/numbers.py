"""The numbers of a digest, and their change since the last run."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.totals import ESCALATED, RunTotals
from domain.text import counted

_UNENROLLED = EnrolmentStatus.UNENROLLED
_MEANINGS = {
    EnrolmentStatus.ENROLLED: "enrolled",
    EnrolmentStatus.UNENROLLED: "not enrolled",
    EnrolmentStatus.EXEMPT: "exempt",
    EnrolmentStatus.DORMANT: "dormant: neither a password nor an active access key",
    EnrolmentStatus.UNKNOWN: "not known yet: too new, or the credential report is missing",
}


def share(totals: RunTotals) -> str:
    """Return how many of the people who need MFA have it, and how many are unknown."""
    enrolled, unenrolled = totals.counts[EnrolmentStatus.ENROLLED], totals.counts[EnrolmentStatus.UNENROLLED]
    unknown = totals.counts.get(EnrolmentStatus.UNKNOWN, 0)
    everybody = enrolled + unenrolled
    if unknown and not unenrolled:
        have = f"{counted(enrolled, 'person has', 'people have')} MFA."
        return f"{have} For {unknown:,} more it is not known whether they need it or have it."
    if not everybody:
        return "Nobody here needs MFA."
    if not unenrolled:
        return "Everybody who needs MFA has it."
    # Rounded down, so that it is never 100 % while somebody is left.
    share = f"{enrolled:,} of {everybody:,} people who need MFA have it: {enrolled * 100 // everybody} %."
    return f"{share} For {unknown:,} more it is not known." if unknown else share


def numbers(totals: RunTotals, before: RunTotals | None, escalate_after: int) -> str:
    """Return a line for each status, with the change since the previous run."""
    changed = _Changes(totals.counts, before.counts if before else totals.counts)
    late = totals.counts[ESCALATED]
    late_part = f", {late:,} of them for {escalate_after} days or longer{changed.note(ESCALATED)}" if late else ""
    lines = [
        f"{totals.counts[state]:>6,}  {meaning}{changed.note(state)}{late_part if state is _UNENROLLED else ''}"
        for state, meaning in _MEANINGS.items()
        if totals.counts[state] or changed.by(state)
    ]
    if before and any(changed.by(state) for state in (*_MEANINGS, ESCALATED)):
        lines.append(f"(in brackets: the change since {before.at:%-d %B, %H:%M} UTC)")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Changes:
    now: Mapping[str, int]
    before: Mapping[str, int]

    def by(self, state: str) -> int:
        return self.now[state] - self.before.get(state, 0)

    def note(self, state: str) -> str:
        return f" ({self.by(state):+,})".replace("-", "\N{MINUS SIGN}") if self.by(state) else ""
