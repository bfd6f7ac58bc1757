"""Which reminders a run puts on the queue, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from domain.contact.addresses import Recipient
from domain.contact.languages import Language, language_of
from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.reminders.cadence import Cadence, NotDue, ReminderDue, decide_reminder
from domain.reminders.message import ReminderKind, ReminderMessage


@dataclass(frozen=True, slots=True)
class ReminderOutcome:
    """The outcome of a run's reminders: how many are on the queue, how many are left for the next run, and why.

    `unchecked`: IAM did not say whether they have a device. `postponed`: time ran out. `refused`: by the queue.
    `over_quota`: SES would not send them within the day. The records of the people in `unremembered` could not be
    written, so they were not reminded; some of them may not have been due.
    """

    queued: tuple[ReminderMessage, ...] = ()
    unchecked: int = 0
    postponed: int = 0
    refused: int = 0
    over_quota: int = 0
    unremembered: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Return whether nothing failed; running out of time or quota is not a failure."""
        return not (self.unchecked or self.refused or self.unremembered)


def plan_reminders(
    snapshot: EnrolmentSnapshot, cadence: Cadence, default: Language, zone: tzinfo = UTC
) -> list[ReminderMessage]:
    """Return a message for each person who is unenrolled, able to enrol, reachable and due; the longest first."""
    able = [person for person in snapshot.with_status(EnrolmentStatus.UNENROLLED) if not person.key_only]
    decided = ((person, decide_reminder(person.record, cadence, snapshot.today, zone)) for person in able)
    planned = (_message(person, decision, default) for person, decision in decided)
    return sorted((message for message in planned if message is not None), key=lambda message: -message.days)


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


def _message(person: Person, decision: ReminderDue | NotDue, default: Language) -> ReminderMessage | None:
    since, recipient = person.record.unenrolled_since, person.recipient
    if not isinstance(decision, ReminderDue) or not isinstance(recipient, Recipient) or since is None:
        return None
    return ReminderMessage(
        kind=decision.kind,
        cause=decision.cause,
        user_name=person.user.name,
        user_id=person.user.user_id,
        to=recipient.to,
        cc=recipient.manager if decision.kind is ReminderKind.ESCALATION else None,
        language=language_of(person.user, default),
        unenrolled_since=since,
        number=decision.number,
        days=decision.days,
    )
