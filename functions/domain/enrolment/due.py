"""Which existing users are enforced today, because their day has come and a mail announced it in time."""

from collections.abc import Iterable, Mapping
from datetime import date

from domain.contact.addresses import Recipient
from domain.enrolment.record import PersonRecord
from domain.enrolment.snapshot import EnrolmentRules
from domain.users import User


def due_users(
    users: Iterable[User],
    records: Mapping[str, PersonRecord],
    rules: EnrolmentRules,
    today: date,
    *,
    sends_mail: bool,
) -> frozenset[str]:
    """Return the ids of the users who are enforced today; `records` are by user id, and may lack some.

    Without a sender (`sends_mail` is False) nobody is reachable.
    """
    return frozenset(
        user.user_id for user in users if _is_due(user, records.get(user.user_id), rules, today, sends_mail=sends_mail)
    )


def _is_due(user: User, record: PersonRecord | None, rules: EnrolmentRules, today: date, *, sends_mail: bool) -> bool:
    recipient = rules.addresses.recipient_of(user)
    failed = record is not None and record.address_trouble is not None
    reachable = sends_mail and isinstance(recipient, Recipient) and not failed
    return rules.dates.is_due(user, record.announcement if record else None, today, reachable=reachable)
