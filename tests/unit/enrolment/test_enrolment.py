"""The status of each user from the facts of a run, and the records that are kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules
from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.devices import Device
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import EnrolmentStatus, PersonRecord, RecordChange
from domain.enrolment.snapshot import EnrolmentRules, EnrolmentSnapshot, Person, build_snapshot, missing_from_report
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User

TODAY = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 23)
CREATED = datetime(2026, 5, 2, 12, 0, 0, 250_000, tzinfo=UTC)
MADE = datetime(2026, 11, 24, 5, tzinfo=UTC)
RULES = EnrolmentRules(
    ExemptionRules("mfa-exempt", ("/service/",)), AddressRules("email", "example.com", frozenset({"example.com"}))
)
ALICE = User("alice", "AIDAEXAMPLEALICE", "/", {}, CREATED)
PASSWORD = Credentials(CREATED.replace(microsecond=0), True, 0, mfa=False, able_since=CREATED.date())
KEY = replace(PASSWORD, password=False, active_keys=1)
NOTHING = replace(PASSWORD, password=False, able_since=None)
UNKNOWN_PERSON = PersonRecord(ALICE.user_id, "alice")
UNENROLLED = replace(UNKNOWN_PERSON, first_seen=date(2026, 11, 10), unenrolled_since=date(2026, 11, 10), reminders=4)


def facts(
    row: Credentials | None = PASSWORD,
    *,
    user: User = ALICE,
    record: PersonRecord | None = None,
    devices: frozenset[Device] = frozenset(),
    last_run: date | None = YESTERDAY,
) -> EnrolmentFacts:
    return EnrolmentFacts(
        users=[AccountUser(user, PolicyCoverage(attached=True))],
        report=CredentialReport(MADE, {user.name: row} if row else {}),
        devices={user.user_id: devices} if devices else {},
        records={record.user_id: record} if record else {},
        last_run=last_run,
    )


def snapshot(readings: EnrolmentFacts) -> EnrolmentSnapshot:
    return build_snapshot(readings, RULES, TODAY)


def only(readings: EnrolmentFacts) -> Person:
    (person,) = snapshot(readings).people
    return person


@pytest.mark.parametrize(
    ("row", "enrolment"),
    [
        (PASSWORD, EnrolmentStatus.UNENROLLED),
        (KEY, EnrolmentStatus.UNENROLLED),
        (NOTHING, EnrolmentStatus.DORMANT),
        (replace(PASSWORD, mfa=True), EnrolmentStatus.ENROLLED),
        (replace(NOTHING, mfa=True), EnrolmentStatus.ENROLLED),
        (None, EnrolmentStatus.UNKNOWN),
    ],
)
def test_status_from_report(row: Credentials | None, enrolment: EnrolmentStatus) -> None:
    """The status follows from the credentials and MFA in the report."""
    assert only(facts(row)).enrolment is enrolment


def test_device_newer_than_report() -> None:
    """A device that is newer than the report counts."""
    person = only(facts(PASSWORD, devices=frozenset({Device.VIRTUAL})))

    assert (person.enrolment, person.devices) == (EnrolmentStatus.ENROLLED, {Device.VIRTUAL})


def test_device_of_unknown_kind() -> None:
    """A device that only the report shows counts, although its kind is unknown."""
    assert only(facts(replace(PASSWORD, mfa=True))).devices == {Device.UNSPECIFIED}


@pytest.mark.parametrize("device", [Device.PASSKEY, Device.HARDWARE, Device.VIRTUAL])
def test_devices_correct_the_snapshot(device: Device) -> None:
    """Devices that are found later correct the snapshot."""
    readings = facts(PASSWORD, record=UNENROLLED).with_devices({ALICE.user_id: frozenset({device})})

    assert (only(readings).enrolment, only(readings).record.enrolled_at) == (EnrolmentStatus.ENROLLED, TODAY)


@pytest.mark.parametrize("devices", [None, frozenset()])
def test_no_devices_change_nothing(devices: frozenset[Device] | None) -> None:
    """A later read without devices changes nothing."""
    readings = facts(PASSWORD)

    assert snapshot(readings.with_devices({ALICE.user_id: devices})) == snapshot(readings)


@pytest.mark.parametrize("row", [PASSWORD, KEY, NOTHING, None, replace(PASSWORD, mfa=True)])
def test_exempt_user(row: Credentials | None) -> None:
    """An exempt user is exempt with any credentials."""
    robot = replace(ALICE, tags={"mfa-exempt": "robot"})

    person = only(facts(row, user=robot, record=UNENROLLED))

    assert (person.enrolment, person.record.unenrolled_since) == (EnrolmentStatus.EXEMPT, None)


def test_ended_exemption() -> None:
    """An ended exemption is shown and no longer exempts."""
    person = only(facts(user=replace(ALICE, tags={"mfa-exempt": "2026-11-23"})))

    assert (person.enrolment, person.exemption) == (EnrolmentStatus.UNENROLLED, None)
    assert person.ended_exemption is not None


def test_row_of_earlier_user() -> None:
    """The row of an earlier user with the same name does not count."""
    later = replace(ALICE, user_id="AIDAEXAMPLEANEW", created=MADE + timedelta(hours=1))

    assert only(facts(replace(PASSWORD, mfa=True), user=later)).enrolment is EnrolmentStatus.UNKNOWN


def test_missing_from_report() -> None:
    """Only users who are not in the report and otherwise unknown take a call."""
    young, remembered = facts(None), facts(None, record=UNENROLLED)
    exempt = facts(None, user=replace(ALICE, path="/service/"))
    with_device = facts(None, devices=frozenset({Device.VIRTUAL}))
    without_report = replace(facts(None), report=None)

    asked = [
        missing_from_report(readings, RULES, TODAY)
        for readings in (young, facts(PASSWORD), remembered, exempt, with_device, without_report)
    ]

    assert asked == [[ALICE], [], [], [], [], []]


@pytest.mark.parametrize(
    ("password", "enrolment"), [(True, EnrolmentStatus.UNENROLLED), (False, EnrolmentStatus.UNKNOWN)]
)
def test_new_user_with_password(password: bool, enrolment: EnrolmentStatus) -> None:
    """A user too new for the report is unenrolled once there is a password."""
    assert only(replace(facts(None), passwords={ALICE.user_id: password})).enrolment is enrolment


def test_no_report() -> None:
    """Without a report the status of the last run stays."""
    silent = replace(facts(), report=None)

    remembered = only(replace(silent, records={ALICE.user_id: UNENROLLED}))

    assert (only(silent).enrolment, remembered.enrolment) == (EnrolmentStatus.UNKNOWN, EnrolmentStatus.UNENROLLED)
    assert snapshot(silent).changes == ()


@pytest.mark.parametrize(
    ("row", "before", "after"),
    [
        (KEY, False, True),
        (PASSWORD, False, False),
        (replace(PASSWORD, active_keys=1), False, False),
        (None, True, True),
        (None, False, False),
        (PASSWORD, True, False),
        (NOTHING, True, False),
        (replace(KEY, mfa=True), True, False),
    ],
)
def test_key_only(row: Credentials | None, before: bool, after: bool) -> None:
    """A user with only an access key is recorded as such."""
    person = only(facts(row, record=replace(UNENROLLED, key_only=before)))

    assert (person.record.key_only, person.key_only) == (after, after)


def test_days_without_password() -> None:
    """Days on which the user could not register a device do not count."""
    waiting = replace(UNENROLLED, key_only=True, claimed_on=TODAY)

    person = only(facts(PASSWORD, record=waiting))

    record = person.record
    assert (record.unenrolled_since, record.reminders, record.claimed_on) == (TODAY, 0, None)


def test_old_causes() -> None:
    """Old causes are removed, so that an item cannot fill up; causes of events in release 1.0.0 have no day."""
    recent = {f"reminder#{TODAY - timedelta(days=90)}", f"welcome#{TODAY}#b6246771-c845-4070-a377-1407e8e72789"}
    old = {f"reminder#{TODAY - timedelta(days=91)}", "escalation#2026-01-05#2026-01-06", "welcome#b6246771-c845-4070"}

    record = only(facts(record=replace(UNENROLLED, causes=frozenset(recent | old)))).record

    assert record.causes == recent


def test_first_run() -> None:
    """In the very first run every user starts today."""
    assert only(facts(PASSWORD, last_run=None)).record.unenrolled_since == TODAY


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 11, 21)])
def test_new_password(day: date) -> None:
    """A password that was set after the last run counts from its day."""
    row = replace(PASSWORD, able_since=day)

    assert only(facts(row, last_run=date(2026, 11, 20))).record.unenrolled_since == day


def test_last_device_lost() -> None:
    """A user who loses the last device starts again today."""
    enrolled = replace(UNENROLLED, unenrolled_since=None, enrolled_at=YESTERDAY, last_reminded=CREATED)

    record = only(facts(PASSWORD, record=enrolled)).record

    assert record == replace(
        enrolled, unenrolled_since=TODAY, enrolled_at=None, reminders=0, last_reminded=None, expires=None
    )


@given(st.dates(), st.dates() | st.none(), st.dates() | st.none())
def test_first_unenrolled_day(today: date, last_run: date | None, able_since: date | None) -> None:
    """The first day without MFA is neither in the future nor before the last run."""
    readings = facts(replace(PASSWORD, able_since=able_since), last_run=last_run)

    (person,) = build_snapshot(readings, RULES, today).people

    since = person.record.unenrolled_since
    assert since is not None
    assert since <= today
    assert since == today or (last_run is not None and since >= last_run)


def test_no_changes() -> None:
    """A run that finds nothing new writes nothing."""
    first = snapshot(facts(PASSWORD))

    again = snapshot(facts(PASSWORD, record=first.people[0].record))

    assert [change.before for change in first.changes] == [UNKNOWN_PERSON]
    assert again.changes == ()


def test_never_unenrolled() -> None:
    """Users who were never unenrolled have no record."""
    assert snapshot(facts(replace(PASSWORD, mfa=True))).changes == ()
    assert snapshot(facts(NOTHING)).changes == ()


def test_renamed_user() -> None:
    """A renamed user keeps the record."""
    person = only(facts(user=replace(ALICE, name="alicia"), record=UNENROLLED))

    assert person.record == replace(UNENROLLED, user_name="alicia")


def test_deleted_user() -> None:
    """The record of a deleted user expires after 90 days, and this is written once."""
    gone = replace(facts(), users=[], records={ALICE.user_id: UNENROLLED})

    (change,) = snapshot(gone).changes
    again = snapshot(replace(gone, records={ALICE.user_id: change.after}))

    assert change.after.expires == int(datetime(2027, 2, 22, tzinfo=UTC).timestamp())
    assert again.changes == ()


def test_user_is_back() -> None:
    """The record of a user who is back does not expire."""
    expiring = replace(UNENROLLED, expires=1)

    assert snapshot(facts(record=expiring)).changes == (RecordChange(expiring, UNENROLLED),)


def test_changed_address() -> None:
    """The failure of an address is cleared when the address changes."""
    troubled = replace(UNENROLLED, address_trouble="bounced", address_trouble_of="alice@example.com")
    moved = replace(ALICE, tags={"email": "alicia@example.com"})

    assert only(facts(record=troubled)).record.address_trouble == "bounced"
    assert only(facts(user=moved, record=troubled)).record == UNENROLLED
