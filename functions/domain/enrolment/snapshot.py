"""Who has MFA, who has none, and who needs none: one picture of the account, a row per user."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from domain.contact.addresses import AddressRules, Recipient, Unreachable
from domain.enrolment.devices import Device, Devices
from domain.enrolment.history import Change, Enrolment, History, departed, followed, start_of
from domain.enrolment.readings import Facts
from domain.exemptions import Exemption, ExemptionRules
from domain.users import AccountUser, Standing, User


@dataclass(frozen=True, slots=True)
class EnrolmentRules:
    """What ops chose."""

    exemptions: ExemptionRules
    addresses: AddressRules


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the picture. `password` and `active_keys` are None where the report does not say yet."""

    user: User
    standing: Standing
    enrolment: Enrolment
    password: bool | None
    active_keys: int | None
    devices: Devices
    exemption: Exemption | None
    ended_exemption: Exemption | None
    recipient: Recipient | Unreachable
    history: History
    malformed_exemption: str | None = None

    @property
    def key_only(self) -> bool:
        """Tell whether the person has no MFA and no way to register a device: only an access key, no password."""
        return self.enrolment is Enrolment.UNENROLLED and self.history.key_only


@dataclass(frozen=True, slots=True)
class EnrolmentPicture:
    """The account as one run found it, and what has to be remembered of that."""

    today: date
    people: tuple[Person, ...]
    changes: tuple[Change, ...]

    def those(self, enrolment: Enrolment) -> list[Person]:
        """Return the people who stand so to MFA, in the order of their names."""
        return sorted((p for p in self.people if p.enrolment is enrolment), key=lambda person: person.user.name)

    def count(self) -> Counter[Enrolment]:
        """Return how many people stand how to MFA."""
        return Counter(person.enrolment for person in self.people)


def too_young_for_the_report(facts: Facts, rules: EnrolmentRules, today: date) -> list[User]:
    """Return the users whose password only a call of their own can tell: not in the report, and nothing else is known.

    Without any report there are none: thousands of calls would not tell whether a passkey is registered either.
    """
    if facts.report is None:
        return []
    people = (_person(known, facts, rules, today, today) for known in facts.users)
    return [person.user for person in people if person.enrolment is Enrolment.UNKNOWN]


def picture_of(facts: Facts, rules: EnrolmentRules, today: date, *, exempt_on: date | None = None) -> EnrolmentPicture:
    """Put the facts together. `today` is a day of the reminders' zone, `exempt_on` the same in UTC, if it is another.

    An exemption ends with its last day in UTC, as it does for those who enforce.
    """
    people = tuple(_person(known, facts, rules, today, exempt_on or today) for known in facts.users)
    here = {person.user.user_id for person in people}
    now = [
        *((facts.history_of(person.user), person.history) for person in people),
        *((history, departed(history, today)) for key, history in facts.histories.items() if key not in here),
    ]
    return EnrolmentPicture(today, people, tuple(Change(before, after) for before, after in now if before != after))


def _person(known: AccountUser, facts: Facts, rules: EnrolmentRules, today: date, exempt_on: date) -> Person:
    user = known.user
    standing = known.standing if facts.group_enforces else replace(known.standing, in_group=False)
    row, history = facts.credentials_of(user), facts.history_of(user)
    devices = facts.devices.get(user.user_id) or (frozenset({Device.UNSPECIFIED}) if row and row.mfa else frozenset())
    password = row.password if row else facts.passwords.get(user.user_id)
    keys = row.active_keys if row else None
    exemption, tagged = rules.exemptions.exemption_of(user, exempt_on), rules.exemptions.tagged(user)
    recipient = rules.addresses.recipient_of(user)
    enrolment = _enrolment(exemption, devices, password=password, active_keys=keys, history=history)
    start = start_of(row.able_since if row else user.created.date(), facts.last_run, today)
    key_only = None if password is None else bool(keys) and not password
    after = followed(history, enrolment, start=start, today=today, key_only=key_only)
    return Person(
        user=user,
        standing=standing,
        enrolment=enrolment,
        password=password,
        active_keys=keys,
        devices=devices,
        exemption=exemption,
        ended_exemption=tagged if tagged and tagged.until and tagged.until < exempt_on else None,
        recipient=recipient,
        malformed_exemption=rules.exemptions.malformed(user),
        history=replace(_without_old_trouble(after, recipient), user_name=user.name),
    )


def _enrolment(
    exemption: Exemption | None, devices: Devices, *, password: bool | None, active_keys: int | None, history: History
) -> Enrolment:
    if exemption is not None:
        return Enrolment.EXEMPT
    if devices:
        return Enrolment.ENROLLED
    if password or active_keys:
        return Enrolment.UNENROLLED
    if active_keys is not None:
        return Enrolment.DORMANT
    # The report is silent: what the last run found still stands.
    return Enrolment.UNKNOWN if history.unenrolled_since is None else Enrolment.UNENROLLED


def _without_old_trouble(history: History, recipient: Recipient | Unreachable) -> History:
    to = recipient.to if isinstance(recipient, Recipient) else None
    if history.address_trouble is None or history.address_trouble_of == to:
        return history
    return replace(history, address_trouble=None, address_trouble_of=None)
