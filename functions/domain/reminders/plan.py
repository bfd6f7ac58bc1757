"""Which reminders a run queues, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from domain.contact.addresses import Recipient
from domain.contact.languages import Language, language_of
from domain.enforcement.dates import Announcement
from domain.enforcement.enforcement_message import EnforcementMailKind, EnforcementMessage
from domain.enrolment.record import EnrolmentStatus, reminder_day_of
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.enrolment.window_request import WindowRequest
from domain.reminders.cadence import Cadence, NotDue, ReminderDue, announced_on, decide_reminder
from domain.reminders.message import ReminderMessage


@dataclass(frozen=True, slots=True)
class ReminderOutcome:
    """The outcome of a run's reminders: how many are on the queue, how many are left for the next run, and why.

    `unchecked`: IAM did not say whether they have a device. `postponed`: time ran out. `refused`: by the queue.
    `over_quota`: SES would not send them within the day. The records of the people in `unremembered` could not be
    written, so they were not reminded; some of them may not have been due. `window_requests` ask to close or reopen
    users; `unrequested` of them could not be queued. `announced` are the mails about the day of
    enforcement to people who get no reminder.
    """

    queued: tuple[ReminderMessage, ...] = ()
    announced: tuple[EnforcementMessage, ...] = ()
    unchecked: int = 0
    postponed: int = 0
    refused: int = 0
    over_quota: int = 0
    unremembered: tuple[str, ...] = ()
    window_requests: tuple[WindowRequest, ...] = ()
    unrequested: int = 0

    @property
    def complete(self) -> bool:
        """Return whether nothing failed; running out of time or quota is not a failure."""
        return not (self.unchecked or self.refused or self.unremembered or self.unrequested)


def plan_reminders(
    snapshot: EnrolmentSnapshot, cadence: Cadence, default: Language, zone: tzinfo = UTC
) -> list[ReminderMessage]:
    """Return a message for each person who is unenrolled, able to enrol, reachable and due; the longest first."""
    planned = (
        _message(person, _decision(person, cadence, snapshot.today, zone), default, snapshot.today)
        for person in snapshot.with_status(EnrolmentStatus.UNENROLLED)
        if person.can_enrol
    )
    return sorted((message for message in planned if message is not None), key=lambda message: -message.days)


def plan_announcements(snapshot: EnrolmentSnapshot, account: str, at: datetime) -> list[EnforcementMessage]:
    """Return a message for each reachable person who gets the announcement today instead of a reminder.

    These are people with a device, whose access keys need it from the day on, and people who cannot register one.
    """
    return [
        EnforcementMessage(
            kind=EnforcementMailKind.ANNOUNCEMENT,
            cause=f"{EnforcementMailKind.ANNOUNCEMENT}#{snapshot.today}",
            user_name=person.user.name,
            user_id=person.user.user_id,
            day=person.announcement.day,
            at=at,
            since=_announced_before(person.announcement, snapshot.today),
            account=account,
        )
        for person in sorted(snapshot.people, key=lambda person: person.user.name)
        if person.announcement is not None and _is_announced_today(person, snapshot.today)
    ]


def _is_announced_today(person: Person, today: date) -> bool:
    if not person.reachable or person.enrolment is EnrolmentStatus.UNKNOWN:
        return False
    if person.enrolment is EnrolmentStatus.UNENROLLED and not person.key_only:
        return False
    due_on = announced_on(person.record.announcement, person.announcement, today)
    announced = (cause for cause in person.record.causes if cause.startswith(f"{EnforcementMailKind.ANNOUNCEMENT}#"))
    latest = max(filter(None, map(reminder_day_of, announced)), default=date.min)
    return due_on is not None and latest < due_on


def _announced_before(announcement: Announcement, today: date) -> date | None:
    """Return the day of the first mail that named the day of enforcement; None if today's mail is the first."""
    return announcement.since if announcement.since < today else None


def within_quota(planned: Sequence[ReminderMessage], room: int | None) -> tuple[ReminderMessage, ...]:
    """Return the reminders that fit into SES's quota, in their order; a manager counts as a recipient, too.

    People with the fewest reminders so far come first, so that a small quota reaches everybody in turn.
    """
    if room is None:
        return tuple(planned)
    fitting: set[str] = set()
    for message in sorted(planned, key=lambda message: message.number):
        room -= 2 if message.cc else 1
        if room < 0:
            break
        fitting.add(message.user_id)
    return tuple(message for message in planned if message.user_id in fitting)


def announcements_within_quota(
    planned: Sequence[EnforcementMessage], reminders: Sequence[ReminderMessage], room: int | None
) -> tuple[EnforcementMessage, ...]:
    """Return the announcements for which SES has room beside the reminders; the others wait for the next run."""
    if room is None:
        return tuple(planned)
    return tuple(planned[: max(room - sum(2 if message.cc else 1 for message in reminders), 0)])


def _decision(person: Person, cadence: Cadence, today: date, zone: tzinfo) -> ReminderDue | NotDue:
    # An address from which mail came back is tried on the days of the cadence only.
    announcement = person.announcement if person.reachable else None
    return decide_reminder(person.record, cadence, today, zone, announcement)


def _message(person: Person, decision: ReminderDue | NotDue, default: Language, today: date) -> ReminderMessage | None:
    since, recipient = person.record.unenrolled_since, person.recipient
    if not isinstance(decision, ReminderDue) or not isinstance(recipient, Recipient) or since is None:
        return None
    return ReminderMessage(
        kind=decision.kind,
        cause=decision.cause,
        user_name=person.user.name,
        user_id=person.user.user_id,
        to=recipient.to,
        cc=recipient.manager if decision.to_manager else None,
        language=language_of(person.user, default),
        unenrolled_since=since,
        number=decision.number,
        days=decision.days,
        enforced_from=person.announcement.day if person.announcement else None,
        announced_since=_announced_before(person.announcement, today) if person.announcement else None,
        # After a recent sign-in the window is open longer than its last day.
        window_until=max(person.window.until, today) if person.window.until else None,
    )
