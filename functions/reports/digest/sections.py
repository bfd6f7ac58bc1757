"""The sections of a digest. Each user is in one of them at most: in the first that concerns the user."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from domain.contact.addresses import Recipient, Unreachable
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentRules, Person
from domain.enrolment.totals import days_without, longest_first
from domain.exemptions import Exemption
from domain.text import plain
from reports.digest import days, windows
from reports.digest.commands import address_command
from reports.digest.endings import ending, endings
from reports.digest.run import ReminderRun
from reports.digest.screen import Entry, Section


class Sections:
    """Puts the users of a run into sections, the most urgent first."""

    def __init__(self, run: ReminderRun, rules: EnrolmentRules) -> None:
        self._run = run
        self._rules = rules
        others = (person for person in run.snapshot.people if not _is_unenrolled(person))
        self._left = [*longest_first(run.snapshot), *sorted(others, key=lambda person: person.user.name)]

    def urgent(self) -> list[Section]:
        """Return the sections about users that ops must do something about; the same example stands in one only."""
        sections: list[Section] = []
        for section in self._urgent():
            is_repeated = any(section.example == other.example for other in sections)
            if section.entries:
                sections.append(replace(section, example="") if is_repeated else section)
        return sections

    def programs(self) -> int:
        """Return how many users of the next sections are probably programs that stop on their day."""
        return sum(days.is_program(person, self._run) for person in self._left)

    def others(self) -> list[Section]:
        """Return the sections that only inform, about the users that no urgent section has."""
        return [
            days.enforced_from(self._take(days.stops_working), self._run),
            self._unenrolled(),
            self._exempt(),
        ]

    def _urgent(self) -> Iterator[Section]:
        run, rules = self._run, self._rules
        yield endings(self._take(lambda person: ending(person, run, rules)), run, rules)
        yield days.untold(self._take(lambda person: days.stays_untold(person, run)), run, rules)
        yield self._malformed_exemptions()
        yield windows.closed(self._take(windows.is_closed))
        yield windows.not_prolonged(self._take(windows.has_malformed_prolongation))
        yield windows.closing(self._take(lambda person: windows.closes_soon(person, run)), run)
        yield days.malformed_days(self._take(lambda person: person.malformed_day), rules)
        yield self._key_only()
        if self._run.sends_mail:
            yield self._without_address()
            yield self._with_mail_that_came_back()

    def _take(self, concerns: Callable[[Person], object]) -> list[Person]:
        """Return the users who concern a section, and keep them out of all others."""
        taken = [person for person in self._left if concerns(person)]
        self._left = [person for person in self._left if not concerns(person)]
        return taken

    def _malformed_exemptions(self) -> Section:
        people = self._take(lambda person: person.malformed_exemption and person.exemption is None)
        return Section(
            "Not exempt: the date in the tag cannot be read",
            [Entry(f"{_name(person)}: {plain(person.malformed_exemption or '')}") for person in people],
            "Write the last day first, as YYYY-MM-DD, and then the reason: 2026-12-31 OPS-4711. The reason of an "
            "exemption without an end must not contain a date.",
        )

    def _key_only(self) -> Section:
        people = self._take(lambda person: person.key_only and not days.stops_working(person))
        return Section(
            "Access key only: they cannot enrol by themselves",
            [Entry(f"{_name(person)}: {_joined(self._days(person), *_enforcement(person))}") for person in people],
            "They get no mail, because nobody can sign in and register a device without a password. Give them a "
            "password, exempt them, or replace the user with a role. With AccessKeyEnrolment=allow they can register a "
            "device on the command line.",
        )

    def _without_address(self) -> Section:
        people = self._take(lambda person: _lacks_day(person) and isinstance(person.recipient, Unreachable))
        key = self._rules.addresses.tag_key
        return Section(
            "No mail address",
            [
                Entry(f"{_name(person)}: {_joined(_trouble(person), self._days(person), *_enforcement(person))}")
                for person in people
            ],
            f"They get no reminders.{' Tag each of them with an address.' if key else ''}",
            example=address_command(key) if key else "",
        )

    def _with_mail_that_came_back(self) -> Section:
        people = self._take(lambda person: _lacks_day(person) and person.record.address_trouble)
        return Section(
            "Mail did not arrive",
            [Entry(f"{_name(person)} {_trouble(person)}") for person in people],
            "Correct the address in the tag.",
        )

    def _unenrolled(self) -> Section:
        return Section(
            "Without MFA, the longest first",
            [Entry(f"{_name(person)}: {self._history(person)}") for person in self._take(_is_unenrolled)],
        )

    def _exempt(self) -> Section:
        people = self._take(lambda person: person.enrolment is EnrolmentStatus.EXEMPT)
        exempt = [(person, person.exemption) for person in people if person.exemption]
        exempt.sort(key=lambda pair: (pair[1].until is None, pair[1].until or self._run.day))
        return Section(
            "Exempt, those that end first on top",
            [Entry(f"{_name(person)}: {_exemption(exemption)}") for person, exemption in exempt],
        )

    def _history(self, person: Person) -> str:
        record = person.record
        return _joined(
            self._days(person),
            {0: "no reminder yet", 1: "1 reminder"}.get(record.reminders, f"{record.reminders} reminders"),
            "one of them not confirmed" if record.claimed_on else "",
            f"last {record.last_reminded:%Y-%m-%d}" if record.last_reminded else "",
            self._reminder_of_today(person),
            *_enforcement(person),
        )

    def _reminder_of_today(self, person: Person) -> str:
        if all(message.user_id != person.user.user_id for message in self._run.outcome.queued):
            return ""
        return "one would go out now" if self._run.dry_run else "one goes out now"

    def _days(self, person: Person) -> str:
        lacking = days_without(person, self._run.snapshot)
        return {0: "since today", 1: "1 day"}.get(lacking, f"{lacking:,} days")


def _name(person: Person) -> str:
    return plain(person.user.name)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _is_unenrolled(person: Person) -> bool:
    return person.enrolment is EnrolmentStatus.UNENROLLED


def _lacks_day(person: Person) -> bool:
    return _is_unenrolled(person) and not days.stops_working(person)


def _enforcement(person: Person) -> Iterator[str]:
    if not person.coverage.denied:
        yield "NOT ENFORCED"
    if person.ended_exemption:
        yield f"exemption ended {person.ended_exemption.until}"


def _trouble(person: Person) -> str:
    """Return why mail does not reach the person."""
    if isinstance(person.recipient, Recipient):
        return f"<{person.recipient.to}>: {plain(person.record.address_trouble or '', 120)}"
    return person.recipient.partition(":")[0]


def _exemption(exemption: Exemption) -> str:
    return f"{plain(str(exemption))}{'' if exemption.until else '; no end'}"
