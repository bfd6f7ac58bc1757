"""Who has MFA, who has none, and who needs none, from everything a run reads; and what is remembered of it."""

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


def snapshot(found: EnrolmentFacts) -> EnrolmentSnapshot:
    return build_snapshot(found, RULES, TODAY)


def only(found: EnrolmentFacts) -> Person:
    (person,) = snapshot(found).people
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
def test_the_report_tells_who_can_sign_in_and_has_mfa(row: Credentials | None, enrolment: EnrolmentStatus) -> None:
    assert only(facts(row)).enrolment is enrolment


def test_a_device_that_is_newer_than_the_report_counts() -> None:
    person = only(facts(PASSWORD, devices=frozenset({Device.VIRTUAL})))

    assert (person.enrolment, person.devices) == (EnrolmentStatus.ENROLLED, {Device.VIRTUAL})


def test_a_device_that_only_the_report_knows_counts_though_its_kind_is_not_known() -> None:
    assert only(facts(replace(PASSWORD, mfa=True))).devices == {Device.UNSPECIFIED}


@pytest.mark.parametrize("device", [Device.PASSKEY, Device.HARDWARE, Device.VIRTUAL])
def test_a_last_look_corrects_the_picture(device: Device) -> None:
    found = facts(PASSWORD, record=UNENROLLED).with_devices({ALICE.user_id: frozenset({device})})

    assert (only(found).enrolment, only(found).record.enrolled_at) == (EnrolmentStatus.ENROLLED, TODAY)


@pytest.mark.parametrize("devices", [None, frozenset()])
def test_a_last_look_that_finds_nothing_changes_nothing(devices: frozenset[Device] | None) -> None:
    found = facts(PASSWORD)

    assert snapshot(found.with_devices({ALICE.user_id: devices})) == snapshot(found)


@pytest.mark.parametrize("row", [PASSWORD, KEY, NOTHING, None, replace(PASSWORD, mfa=True)])
def test_who_is_exempt_is_exempt_whatever_else_is_known(row: Credentials | None) -> None:
    robot = replace(ALICE, tags={"mfa-exempt": "robot"})

    person = only(facts(row, user=robot, record=UNENROLLED))

    assert (person.enrolment, person.record.unenrolled_since) == (EnrolmentStatus.EXEMPT, None)


def test_an_exemption_that_has_ended_is_shown_and_exempts_no_longer() -> None:
    person = only(facts(user=replace(ALICE, tags={"mfa-exempt": "2026-11-23"})))

    assert (person.enrolment, person.exemption) == (EnrolmentStatus.UNENROLLED, None)
    assert person.ended_exemption is not None


def test_the_row_of_an_earlier_user_of_the_same_name_does_not_count() -> None:
    anew = replace(ALICE, user_id="AIDAEXAMPLEANEW", created=MADE + timedelta(hours=1))

    assert only(facts(replace(PASSWORD, mfa=True), user=anew)).enrolment is EnrolmentStatus.UNKNOWN


def test_only_who_is_not_in_the_report_and_otherwise_unknown_costs_a_call() -> None:
    young, known = facts(None), facts(None, record=UNENROLLED)
    exempt = facts(None, user=replace(ALICE, path="/service/"))
    with_device = facts(None, devices=frozenset({Device.VIRTUAL}))
    without_report = replace(facts(None), report=None)

    asked = [
        missing_from_report(found, RULES, TODAY)
        for found in (young, facts(PASSWORD), known, exempt, with_device, without_report)
    ]

    assert asked == [[ALICE], [], [], [], [], []]


@pytest.mark.parametrize(
    ("password", "enrolment"), [(True, EnrolmentStatus.UNENROLLED), (False, EnrolmentStatus.UNKNOWN)]
)
def test_a_young_user_is_reminded_once_there_is_a_password(password: bool, enrolment: EnrolmentStatus) -> None:
    assert only(replace(facts(None), passwords={ALICE.user_id: password})).enrolment is enrolment


def test_without_a_report_what_the_last_run_found_stands() -> None:
    silent = replace(facts(), report=None)

    known = only(replace(silent, records={ALICE.user_id: UNENROLLED}))

    assert (only(silent).enrolment, known.enrolment) == (EnrolmentStatus.UNKNOWN, EnrolmentStatus.UNENROLLED)
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
def test_who_has_only_an_access_key_is_remembered_as_such(row: Credentials | None, before: bool, after: bool) -> None:
    person = only(facts(row, record=replace(UNENROLLED, key_only=before)))

    assert (person.record.key_only, person.key_only) == (after, after)


def test_days_in_which_nobody_could_register_a_device_do_not_count() -> None:
    waiting = replace(UNENROLLED, key_only=True, claimed_on=TODAY)

    person = only(facts(PASSWORD, record=waiting))

    record = person.record
    assert (record.unenrolled_since, record.reminders, record.claimed_on) == (TODAY, 0, None)


def test_causes_that_never_come_again_are_forgotten() -> None:
    """A cause has its day, so an item cannot fill up; those of occasions in release 1.0.0 have none."""
    kept = {f"reminder#{TODAY - timedelta(days=90)}", f"welcome#{TODAY}#b6246771-c845-4070-a377-1407e8e72789"}
    old = {f"reminder#{TODAY - timedelta(days=91)}", "escalation#2026-01-05#2026-01-06", "welcome#b6246771-c845-4070"}

    record = only(facts(record=replace(UNENROLLED, causes=frozenset(kept | old)))).record

    assert record.causes == kept


def test_on_the_first_run_of_all_everybody_starts_today() -> None:
    assert only(facts(PASSWORD, last_run=None)).record.unenrolled_since == TODAY


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 11, 21)])
def test_a_password_given_since_the_last_run_counts_from_the_day_it_was_given(day: date) -> None:
    row = replace(PASSWORD, able_since=day)

    assert only(facts(row, last_run=date(2026, 11, 20))).record.unenrolled_since == day


def test_who_loses_the_last_device_starts_anew_today() -> None:
    enrolled = replace(UNENROLLED, unenrolled_since=None, enrolled_at=YESTERDAY, last_reminded=CREATED)

    record = only(facts(PASSWORD, record=enrolled)).record

    assert record == replace(
        enrolled, unenrolled_since=TODAY, enrolled_at=None, reminders=0, last_reminded=None, expires=None
    )


@given(st.dates(), st.dates() | st.none(), st.dates() | st.none())
def test_the_first_day_without_mfa_is_never_in_the_future_nor_before_the_last_run(
    today: date, last_run: date | None, able_since: date | None
) -> None:
    found = facts(replace(PASSWORD, able_since=able_since), last_run=last_run)

    (person,) = build_snapshot(found, RULES, today).people

    since = person.record.unenrolled_since
    assert since is not None
    assert since <= today
    assert since == today or (last_run is not None and since >= last_run)


def test_a_run_that_finds_nothing_new_writes_nothing() -> None:
    first = snapshot(facts(PASSWORD))

    again = snapshot(facts(PASSWORD, record=first.people[0].record))

    assert [change.before for change in first.changes] == [UNKNOWN_PERSON]
    assert again.changes == ()


def test_nothing_is_remembered_of_those_who_were_never_unenrolled() -> None:
    assert snapshot(facts(replace(PASSWORD, mfa=True))).changes == ()
    assert snapshot(facts(NOTHING)).changes == ()


def test_a_renamed_user_keeps_the_history() -> None:
    person = only(facts(user=replace(ALICE, name="alicia"), record=UNENROLLED))

    assert person.record == replace(UNENROLLED, user_name="alicia")


def test_who_is_gone_is_forgotten_after_ninety_days_and_only_once_told_so() -> None:
    gone = replace(facts(), users=[], records={ALICE.user_id: UNENROLLED})

    (change,) = snapshot(gone).changes
    again = snapshot(replace(gone, records={ALICE.user_id: change.after}))

    assert change.after.expires == int(datetime(2027, 2, 22, tzinfo=UTC).timestamp())
    assert again.changes == ()


def test_who_is_back_is_not_forgotten() -> None:
    expiring = replace(UNENROLLED, expires=1)

    assert snapshot(facts(record=expiring)).changes == (RecordChange(expiring, UNENROLLED),)


def test_trouble_with_an_address_is_over_when_the_address_changes() -> None:
    troubled = replace(UNENROLLED, address_trouble="bounced", address_trouble_of="alice@example.com")
    moved = replace(ALICE, tags={"email": "alicia@example.com"})

    assert only(facts(record=troubled)).record.address_trouble == "bounced"
    assert only(facts(user=moved, record=troubled)).record == UNENROLLED
