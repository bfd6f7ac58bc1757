"""The account as one run finds it: the status of each user, a row per user."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.contact.addresses import AddressRules, Recipient, Unreachable
from domain.enforcement.dates import NO_DATES, Announcement, DateRules
from domain.enrolment.credentials import LastUse
from domain.enrolment.devices import Device, Devices
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import (
    EnrolmentStatus,
    PersonRecord,
    RecordChange,
    after_deletion,
    after_run,
    first_unenrolled_day,
)
from domain.enrolment.window import NO_WINDOW, NO_WINDOWS, Window, WindowFacts, WindowRules, WindowState, decide_window
from domain.exemptions import Exemption, ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User


@dataclass(frozen=True, slots=True)
class EnrolmentRules:
    """The choices of ops."""

    exemptions: ExemptionRules
    addresses: AddressRules
    dates: DateRules = NO_DATES
    window: WindowRules = NO_WINDOWS


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the snapshot. `password`, `active_keys` and `last_use` are None until the report lists the user.

    `announcement` is what the next mail has to say of the day on which the user is enforced, None if there is no day.
    `password_set` is when the report says that the password was last set.
    """

    user: User
    coverage: PolicyCoverage
    enrolment: EnrolmentStatus
    password: bool | None
    active_keys: int | None
    devices: Devices
    exemption: Exemption | None
    ended_exemption: Exemption | None
    recipient: Recipient | Unreachable
    record: PersonRecord
    malformed_exemption: str | None = None
    announcement: Announcement | None = None
    malformed_day: str | None = None
    last_use: LastUse | None = None
    password_set: datetime | None = None
    window: Window = NO_WINDOW

    @property
    def can_enrol(self) -> bool:
        """Return whether the person can register a device: with a password, and while the window is open."""
        return not self.key_only and self.window.state not in {WindowState.ENDED, WindowState.CLOSED}

    @property
    def key_only(self) -> bool:
        """Return whether the person has no MFA and cannot register a device: an access key and no password."""
        return self.enrolment is EnrolmentStatus.UNENROLLED and self.record.key_only

    @property
    def reachable(self) -> bool:
        """Return whether mail may reach the person: there is an address, and none came back from it."""
        return isinstance(self.recipient, Recipient) and self.record.address_trouble is None


@dataclass(frozen=True, slots=True)
class EnrolmentSnapshot:
    """The account as one run found it, and the records to write."""

    today: date
    people: tuple[Person, ...]
    changes: tuple[RecordChange, ...]

    def with_status(self, enrolment: EnrolmentStatus) -> list[Person]:
        """Return the people with this status, in the order of their names."""
        return sorted((p for p in self.people if p.enrolment is enrolment), key=lambda person: person.user.name)

    def count(self) -> Counter[EnrolmentStatus]:
        """Return how many people have each status."""
        return Counter(person.enrolment for person in self.people)


def missing_from_report(facts: EnrolmentFacts, rules: EnrolmentRules, today: date) -> list[User]:
    """Return the users whose password must be looked up one by one: not in the report, and otherwise unknown.

    Without any report there are none: thousands of calls would not show whether a passkey is registered either.
    """
    if facts.report is None:
        return []
    return [account_user.user for account_user in facts.users if _is_unknown(account_user.user, facts, rules, today)]


def _is_unknown(user: User, facts: EnrolmentFacts, rules: EnrolmentRules, today: date) -> bool:
    is_known = facts.credentials_of(user) or facts.devices.get(user.user_id) or facts.record_of(user).unenrolled_since
    return not is_known and rules.exemptions.exemption_of(user, today) is None


def build_snapshot(
    facts: EnrolmentFacts, rules: EnrolmentRules, today: date, *, exempt_on: date | None = None
) -> EnrolmentSnapshot:
    """Judge every user by the facts. `today` is a day in the time zone of the reminders, `exempt_on` the day in UTC.

    An exemption ends with its last day in UTC, as it does for the functions that enforce.
    """
    people = tuple(_person(account_user, facts, rules, today, exempt_on or today) for account_user in facts.users)
    return EnrolmentSnapshot(today, people, _changes(people, facts, today))


def with_devices_found(
    snapshot: EnrolmentSnapshot,
    facts: EnrolmentFacts,
    rules: EnrolmentRules,
    devices: Mapping[str, Devices | None],
    *,
    exempt_on: date,
) -> EnrolmentSnapshot:
    """Judge users again if devices were found for them meanwhile (by user id); the others stay as they are."""
    corrected = facts.with_devices(devices)
    people = tuple(
        _person(AccountUser(person.user, person.coverage), corrected, rules, snapshot.today, exempt_on)
        if devices.get(person.user.user_id)
        else person
        for person in snapshot.people
    )
    return EnrolmentSnapshot(snapshot.today, people, _changes(people, facts, snapshot.today))


def _changes(people: Sequence[Person], facts: EnrolmentFacts, today: date) -> tuple[RecordChange, ...]:
    present = {person.user.user_id for person in people}
    now = [
        *((facts.record_of(person.user), person.record) for person in people),
        *((record, after_deletion(record, today)) for key, record in facts.records.items() if key not in present),
    ]
    return tuple(RecordChange(before, after) for before, after in now if before != after)


def _person(
    account_user: AccountUser, facts: EnrolmentFacts, rules: EnrolmentRules, today: date, exempt_on: date
) -> Person:
    user = account_user.user
    coverage = account_user.coverage if facts.group_enforces else replace(account_user.coverage, in_group=False)
    row, record = facts.credentials_of(user), facts.record_of(user)
    devices = facts.devices.get(user.user_id) or (frozenset({Device.UNSPECIFIED}) if row and row.mfa else frozenset())
    password = row.password if row else facts.passwords.get(user.user_id)
    keys = row.active_keys if row else None
    exemption, tagged = rules.exemptions.exemption_of(user, exempt_on), rules.exemptions.tagged(user)
    recipient = rules.addresses.recipient_of(user)
    enrolment = _enrolment(exemption, devices, password=password, active_keys=keys, record=record)
    start = first_unenrolled_day(row.able_since if row else user.created.date(), facts.last_run, today)
    key_only = None if password is None else bool(keys) and not password
    after = after_run(record, enrolment, start=start, today=today, key_only=key_only)
    window = decide_window(
        WindowFacts(
            user=user,
            enrolment=enrolment,
            password=password,
            enforced=coverage.enforced(),
            until=record.window_until,
            closed_on=record.closed_on,
            password_set=row.password_set if row else None,
            signed_in=row.last_use.signed_in if row else None,
        ),
        rules.window,
        today,
    )
    awaits = exemption is None and not coverage.enforced() and rules.dates.awaits_enforcement(user, today)
    return Person(
        user=user,
        coverage=coverage,
        enrolment=enrolment,
        password=password,
        active_keys=keys,
        devices=devices,
        exemption=exemption,
        ended_exemption=tagged if tagged and tagged.until and tagged.until < exempt_on else None,
        recipient=recipient,
        malformed_exemption=rules.exemptions.malformed(user),
        announcement=rules.dates.next_announcement(user, record.announcement, today) if awaits else None,
        malformed_day=rules.dates.malformed(user) if awaits else None,
        last_use=row.last_use if row else None,
        password_set=row.password_set if row else None,
        window=window,
        record=replace(
            _without_old_trouble(after, recipient),
            user_name=user.name,
            window_until=window.until,
            closed_on=window.closed_on,
        ),
    )


def _enrolment(
    exemption: Exemption | None,
    devices: Devices,
    *,
    password: bool | None,
    active_keys: int | None,
    record: PersonRecord,
) -> EnrolmentStatus:
    if exemption is not None:
        return EnrolmentStatus.EXEMPT
    if devices:
        return EnrolmentStatus.ENROLLED
    if password or active_keys:
        return EnrolmentStatus.UNENROLLED
    if active_keys is not None:
        return EnrolmentStatus.DORMANT
    # The user is not in the report: keep the status of the last run.
    return EnrolmentStatus.UNKNOWN if record.unenrolled_since is None else EnrolmentStatus.UNENROLLED


def _without_old_trouble(record: PersonRecord, recipient: Recipient | Unreachable) -> PersonRecord:
    to = recipient.to if isinstance(recipient, Recipient) else None
    if record.address_trouble is None or record.address_trouble_of == to:
        return record
    return replace(record, address_trouble=None, address_trouble_of=None)
