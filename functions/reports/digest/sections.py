"""The lists of a digest, with one line for each person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from domain.contact.addresses import Recipient, Unreachable
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.enrolment.totals import days_without, escalated, longest_first
from domain.exemptions import Exemption
from domain.text import first, plain, wrapped

# With so many lines in a section and all names cut short, a digest stays below the 256 KiB of a message ("Publish" in
# the Amazon SNS API Reference).
_MOST_NAMES = 100


def section(title: str, lines: Sequence[str]) -> str:
    """Return lines under a title; an empty text if there are none."""
    return "\n".join([title.upper(), "-" * len(title), *lines]) if lines else ""


def people(
    snapshot: EnrolmentSnapshot,
    escalate_after: int,
    *,
    reminded_today: AbstractSet[str],
    dry_run: bool,
    unreachable: bool,
) -> Iterator[str]:
    """Yield the sections about people, the most urgent first; the unreachable only if mail is sent at all.

    `reminded_today` are the ids of the users whose reminder this run has queued.
    """
    late, longest = escalated(snapshot, escalate_after), longest_first(snapshot)
    key_only = [person for person in longest if person.key_only]
    others = [person for person in longest if not person.key_only][len(late) :]
    now = dict.fromkeys(reminded_today, "one would go out now" if dry_run else "one goes out now")
    line = partial(_unenrolled, snapshot=snapshot, now=now)
    yield _named(f"No MFA for {escalate_after} days or longer", map(line, late))
    yield _named("Not enrolled", map(line, others))
    yield _named(
        "Access key only: they cannot enrol by themselves",
        (_key_only(person, snapshot) for person in key_only),
        "They get no mail, because nobody can sign in and register a device without a password. Give them a password, "
        "exempt them, or replace the user with a role. With AccessKeyEnrolment=allow they can register a device on the "
        "command line.",
    )
    left = [*late, *others]
    if unreachable:
        yield _named("No mail address", (line for person in left for line in _unreachable(person)))
    yield _named("Mail did not arrive", (line for person in left for line in _trouble(person)))
    yield from _exemptions(snapshot)
    dormant = snapshot.with_status(EnrolmentStatus.DORMANT)
    yield _named("Dormant: cannot sign in, so not reminded", (plain(person.user.name) for person in dormant))


def _named(title: str, entries: Iterable[str], meaning: str = "") -> str:
    lines = [f"- {line}" for line in entries]
    shown = first(lines, _MOST_NAMES)
    return section(f"{title} ({len(lines):,})", [wrapped(meaning), *shown] if meaning and shown else shown)


def _unenrolled(person: Person, snapshot: EnrolmentSnapshot, now: Mapping[str, str]) -> str:
    record, days = person.record, days_without(person, snapshot)
    parts = [
        f"{_days(days)} (since {record.unenrolled_since})" if days else "since today",
        {0: "no reminder yet", 1: "1 reminder"}.get(record.reminders, f"{record.reminders} reminders"),
        "one of them not confirmed" if record.claimed_on else "",
        f"last {record.last_reminded:%Y-%m-%d}" if record.last_reminded else "",
        now.get(person.user.user_id, ""),
        "" if person.coverage.denied else "NOT ENFORCED",
    ]
    return f"{plain(person.user.name)}: {', '.join(part for part in parts if part)}"


def _key_only(person: Person, snapshot: EnrolmentSnapshot) -> str:
    days = days_without(person, snapshot)
    lacking = f"{_days(days)} (since {person.record.unenrolled_since})" if days else "since today"
    return f"{plain(person.user.name)}: {lacking}{'' if person.coverage.denied else ', NOT ENFORCED'}"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def _unreachable(person: Person) -> Iterator[str]:
    if isinstance(person.recipient, Unreachable):
        yield f"{plain(person.user.name)}: {person.recipient}"


def _trouble(person: Person) -> Iterator[str]:
    if person.record.address_trouble and isinstance(person.recipient, Recipient):
        yield f"{plain(person.user.name)} <{person.recipient.to}>: {plain(person.record.address_trouble, 120)}"


def _exemptions(snapshot: EnrolmentSnapshot) -> Iterator[str]:
    malformed = [(p, p.malformed_exemption) for p in snapshot.people if p.malformed_exemption and p.exemption is None]
    yield _named(
        "Not exempt: the date in the tag cannot be read",
        (f"{plain(person.user.name)}: {plain(value)}" for person, value in malformed),
        "Write the last day first, as YYYY-MM-DD, and then the reason: 2026-12-31 OPS-4711. The reason of an exemption "
        "without an end must not contain a date.",
    )
    ended = [(p, p.ended_exemption) for p in snapshot.people if p.ended_exemption and p.exemption is None]
    yield _named("Exemption ended", (f"{plain(person.user.name)}: after {e.until}" for person, e in ended))
    exempt = [(p, p.exemption) for p in snapshot.with_status(EnrolmentStatus.EXEMPT) if p.exemption]
    exempt.sort(key=lambda pair: (pair[1].until is None, pair[1].until or snapshot.today))
    yield _named("Exempt, those that end first on top", (_exempt(person, exemption) for person, exemption in exempt))


def _exempt(person: Person, exemption: Exemption) -> str:
    return f"{plain(person.user.name)}: {plain(str(exemption))}{'' if exemption.until else '; no end'}"
