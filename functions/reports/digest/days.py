"""The sections about existing users with a day from which they are enforced."""

from collections.abc import Sequence
from datetime import date

from domain.contact.addresses import Unreachable
from domain.enforcement.dates import Announcement, UnreachableUsers
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentRules, Person
from domain.text import counted, plain
from reports.digest.commands import address_command
from reports.digest.last_use import Usage, usage_of, use_of
from reports.digest.run import ReminderRun
from reports.digest.screen import Entry, Section


def has_day(person: Person) -> bool:
    """Return whether the user is an existing user who is enforced from a day, and can sign in at all."""
    return person.announcement is not None and person.enrolment is not EnrolmentStatus.DORMANT


def stays_untold(person: Person, run: ReminderRun) -> bool:
    """Return whether no mail can announce the day, or the mail that did has come back."""
    if not has_day(person):
        return False
    was_told = person.record.announcement is not None and person.record.address_trouble is None
    return not was_told and not (person.reachable and run.sends_mail)


def stops_working(person: Person) -> bool:
    """Return whether something of the user may stop on the day: all but sign-ins with a device that is there."""
    is_enrolled = person.enrolment is EnrolmentStatus.ENROLLED
    return has_day(person) and (not is_enrolled or person.active_keys != 0)


def is_program(person: Person, run: ReminderRun) -> bool:
    """Return whether the user is probably a program that stops on its day."""
    return stops_working(person) and usage_of(person.last_use, run.day) is Usage.PROGRAM


def malformed_days(people: Sequence[Person], rules: EnrolmentRules) -> Section:
    """Return the section of users with a tag that is no day."""
    return Section(
        "No day: the day in the tag cannot be read",
        [Entry(f"{plain(person.user.name)}: {plain(person.malformed_day or '')}") for person in people],
        f"These existing users are not enforced until the tag {plain(rules.dates.tag_key)} has a day. Write it first, "
        "as YYYY-MM-DD; words may follow: 2027-01-15 wave 2.",
    )


def untold(people: Sequence[Person], run: ReminderRun, rules: EnrolmentRules) -> Section:
    """Return the section of users that no mail can tell of their day."""
    key = rules.addresses.tag_key if run.sends_mail else ""
    return Section(
        "Cannot be told before their day",
        [
            Entry(
                f"{plain(person.user.name)}: {_chosen(person, rules)}, {_obstacle(person, run)}",
                use_of(person, run.day),
            )
            for person in sorted(people, key=lambda person: (_chosen(person, rules), _order(person, run)))
        ],
        f"{_UNTOLD[rules.dates.unreachable]} {_remedy(run, has_tag=bool(key))}",
        example=address_command(key) if key else "",
    )


_UNTOLD = {
    UnreachableUsers.WAIT: (
        "They are not enforced before a mail has told them of the day. With the parameter UnreachableUsers=enforce, "
        "they are enforced on their day all the same."
    ),
    UnreachableUsers.ENFORCE: "They are enforced on their day without notice, because of UnreachableUsers=enforce.",
}


def _remedy(run: ReminderRun, *, has_tag: bool) -> str:
    if not run.sends_mail:
        return "To tell them, set the parameter SenderEmail."
    return "To tell them, tag each with an address." if has_tag else "To tell them, give each an address."


def enforced_from(people: Sequence[Person], run: ReminderRun) -> Section:
    """Return the section of users with a day, the next day first, and on each day those that are probably programs."""
    unaffected = sum(has_day(person) and not stops_working(person) for person in run.snapshot.people)
    dated = [(person, person.announcement) for person in people if person.announcement]
    dated.sort(key=lambda pair: (pair[1].day, _order(pair[0], run)))
    others = (
        f" {counted(unaffected, 'other user has', 'other users have')} MFA and no access key." if unaffected else ""
    )
    return Section(
        "Enforced from a day",
        [
            Entry(f"{plain(person.user.name)}: {day.day}, {_told(person, day, run)}", use_of(person, run.day))
            for person, day in dated
        ],
        f"From that day they are denied nearly everything until they sign in with MFA.{others}",
    )


def programs_need(programs: int) -> str:
    """Say what ops must do about users that are probably programs."""
    are = counted(programs, "user with a day is probably a program", "users with a day are probably programs")
    return f"{are}, which cannot sign in with MFA. Exempt them before the day, or replace them with roles."


def _order(person: Person, run: ReminderRun) -> tuple[bool, str]:
    return not is_program(person, run), person.user.name


def _chosen(person: Person, rules: EnrolmentRules) -> date:
    """Return the day that ops chose; the announced one moves on with each day on which nobody is told."""
    return rules.dates.day_of(person.user) or date.max


def _told(person: Person, announcement: Announcement, run: ReminderRun) -> str:
    told = person.record.announcement
    if told is not None and told.day == announcement.day:
        return f"told {told.since}"
    before = f"told {told.since} of {told.day}, " if told else ""
    reminded = (message.user_id for message in run.outcome.queued if message.enforced_from)
    if person.user.user_id not in {*reminded, *(message.user_id for message in run.outcome.announced)}:
        return f"{before}not told of this day yet"
    return f"{before}{'would be told today' if run.dry_run else 'told today'}"


def _obstacle(person: Person, run: ReminderRun) -> str:
    if not run.sends_mail:
        return "no mail is sent"
    return person.recipient.partition(":")[0] if isinstance(person.recipient, Unreachable) else "mail came back"
