"""The lists of a digest: one line says all there is to know about one person."""

from collections.abc import Iterator, Sequence

from domain.addresses import Recipient, Unreachable
from domain.enrolment import EnrolmentPicture, Person
from domain.exemptions import ExemptBy, Exemption
from domain.people import Enrolment
from domain.plain_text import first, plain
from domain.totals import days_without, escalated, longest_first

_MOST_NAMES = 100


def section(title: str, lines: Sequence[str]) -> str:
    """Return lines under a title; nothing where there are none."""
    return "\n".join([title.upper(), "-" * len(title), *lines]) if lines else ""


def people(picture: EnrolmentPicture, escalate_after: int, *, unreachable: bool) -> Iterator[str]:
    """Yield the sections about people, the most urgent first; the unreachable only where mail is sent at all."""
    late = escalated(picture, escalate_after)
    others = longest_first(picture)[len(late) :]
    yield _named(f"Escalated: no MFA for {escalate_after} days or longer", [_unenrolled(p, picture) for p in late])
    yield _named("Not enrolled", [_unenrolled(person, picture) for person in others])
    left = [*late, *others]
    if unreachable:
        yield _named("Nobody to write to", [line for person in left for line in _unreachable(person)])
    yield _named("Mail did not arrive", [line for person in left for line in _trouble(person)])
    yield from _exemptions(picture)
    yield _named(
        "Dormant: cannot sign in, so not reminded", [plain(p.user.name) for p in picture.those(Enrolment.DORMANT)]
    )


def _named(title: str, lines: Sequence[str]) -> str:
    return section(f"{title} ({len(lines):,})", [f"- {line}" for line in first(lines, _MOST_NAMES)])


def _unenrolled(person: Person, picture: EnrolmentPicture) -> str:
    history, days = person.history, days_without(person, picture)
    since = f"{_days(days)}, since {history.unenrolled_since}" if days else "since today"
    reminded = {0: "not reminded yet", 1: "reminded once"}.get(history.reminders, f"reminded {history.reminders} times")
    last = f", last on {history.last_reminded:%Y-%m-%d}" if history.last_reminded else ""
    enforced = "" if person.standing.enforced else "; NOT ENFORCED"
    return f"{plain(person.user.name)}: {since}; {reminded}{last}{enforced}"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def _unreachable(person: Person) -> Iterator[str]:
    if isinstance(person.recipient, Unreachable):
        yield f"{plain(person.user.name)}: {person.recipient}"


def _trouble(person: Person) -> Iterator[str]:
    if person.history.address_trouble and isinstance(person.recipient, Recipient):
        yield f"{plain(person.user.name)} <{person.recipient.to}>: {plain(person.history.address_trouble, 200)}"


def _exemptions(picture: EnrolmentPicture) -> Iterator[str]:
    ended = [(p, p.ended_exemption) for p in picture.people if p.ended_exemption and p.exemption is None]
    yield _named("Exemption ended", [f"{_exempt(person, exemption)}" for person, exemption in ended])
    exempt = [(p, p.exemption) for p in picture.those(Enrolment.EXEMPT) if p.exemption]
    exempt.sort(key=lambda pair: (pair[1].until is None, pair[1].until or picture.today))
    yield _named("Exempt, the next to end first", [_exempt(person, exemption) for person, exemption in exempt])


def _exempt(person: Person, exemption: Exemption) -> str:
    reason = plain(exemption.reason) if exemption.until is None or exemption.by is ExemptBy.PATH else ""
    end = f"until {exemption.until}" if exemption.until else "no end"
    return f"{plain(person.user.name)}: {'; '.join(part for part in (reason, end) if part)}"
