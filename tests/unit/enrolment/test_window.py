"""Until which day a user can enrol alone: nobody is closed by surprise, and ops can always reopen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules
from domain.enrolment.credentials import CredentialReport, Credentials, LastUse
from domain.enrolment.devices import Device, Devices
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import EnrolmentStatus, PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, Person, build_snapshot
from domain.enrolment.window import (
    NO_WINDOW,
    NO_WINDOWS,
    Window,
    WindowFacts,
    WindowRules,
    WindowState,
    closing_tag,
    decide_window,
    malformed_prolongation,
)
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User

TODAY = date(2026, 12, 20)
RULES = WindowRules(days=14)
ALICE = User("alice", "AIDAALICE", "/", {}, datetime(2026, 11, 1, tzinfo=UTC))
CLOSED_AT = datetime(2026, 12, 10, 9, tzinfo=UTC)
CLOSED = replace(ALICE, tags={"mfa-closed": closing_tag(CLOSED_AT)})
FACTS = WindowFacts(ALICE, EnrolmentStatus.UNENROLLED, password=True, enforced=True, until=date(2026, 12, 19))
CLOSED_FACTS = replace(FACTS, user=CLOSED, until=None, closed_on=date(2026, 12, 10))

days = st.dates(TODAY - timedelta(days=60), TODAY + timedelta(days=60))
times = st.datetimes(datetime(2026, 10, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001  (they have one)
tags = st.fixed_dictionaries(
    {},
    optional={
        "mfa-closed": st.one_of(times.map(closing_tag), days.map(str), st.sampled_from(["", "yes"])),
        "MFA-Window": st.one_of(days.map(str), st.sampled_from(["", "soon"])),
    },
)
any_facts = st.builds(
    WindowFacts,
    user=tags.map(lambda chosen: replace(ALICE, tags=chosen)),
    enrolment=st.sampled_from(EnrolmentStatus),
    password=st.sampled_from([True, False, None]),
    enforced=st.booleans(),
    until=st.none() | days,
    closed_on=st.none() | days,
    password_set=st.none() | times,
    signed_in=st.none() | days,
)
any_rules = st.builds(WindowRules, days=st.integers(0, 365))


@given(facts=any_facts, rules=any_rules)
def test_who_is_closed(facts: WindowFacts, rules: WindowRules) -> None:
    """Only an enforced user with a password, without MFA and without an exemption is closed, and never if unknown."""
    if decide_window(facts, rules, TODAY).state is WindowState.ENDED:
        assert facts.enrolment is EnrolmentStatus.UNENROLLED
        assert facts.password is True
        assert facts.enforced
        assert rules.days
        assert not facts.user.has_tag("mfa-closed")
        assert facts.signed_in is None or facts.signed_in < TODAY - timedelta(days=1)


@given(facts=any_facts, rules=any_rules)
def test_time_to_enrol(facts: WindowFacts, rules: WindowRules) -> None:
    """A user is closed only after the last day that an earlier run has set, and never by the run that sets it."""
    if decide_window(facts, rules, TODAY).state is WindowState.ENDED:
        assert facts.until is not None
        assert facts.until < TODAY
        assert facts.closed_on is None


@given(facts=any_facts, rules=any_rules)
def test_free_users(facts: WindowFacts, rules: WindowRules) -> None:
    """A user who is exempt or enrolled is never closed, and is reopened if the tool closed the user."""
    free = replace(facts, enrolment=EnrolmentStatus.ENROLLED, closed_on=facts.closed_on or TODAY)
    expected = WindowState.REOPENING if facts.user.has_tag("mfa-closed") else WindowState.NONE

    assert decide_window(free, rules, TODAY).state is expected
    assert decide_window(replace(free, enrolment=EnrolmentStatus.EXEMPT), rules, TODAY).state is expected


@given(facts=any_facts, rules=st.builds(WindowRules, days=st.integers(1, 365)))
def test_reopening_restarts(facts: WindowFacts, rules: WindowRules) -> None:
    """After the tag was removed, the user has all the days again."""
    found = replace(
        facts,
        user=ALICE,
        enrolment=EnrolmentStatus.UNENROLLED,
        password=True,
        enforced=True,
        closed_on=facts.closed_on or TODAY,
    )

    assert decide_window(found, rules, TODAY) == Window(WindowState.OPEN, TODAY + timedelta(days=rules.days))


@given(facts=any_facts, rules=any_rules, steps=st.lists(st.integers(1, 5), max_size=12))
def test_last_day_stays(facts: WindowFacts, rules: WindowRules, steps: list[int]) -> None:
    """The last day that a user was told never comes earlier, whatever ops set later."""
    today, told = TODAY, None
    for step in steps:
        window = decide_window(facts, replace(rules, days=max(1, rules.days - today.day)), today)
        if window.state is WindowState.OPEN and told is not None and facts.closed_on is None:
            assert window.until is not None
            assert window.until >= told
        told = window.until
        facts = replace(facts, until=window.until, closed_on=window.closed_on)
        today += timedelta(days=step)


@given(facts=any_facts)
def test_without_days(facts: WindowFacts) -> None:
    """Without days nobody has a window, and only users that the tool closed are reopened."""
    window = decide_window(facts, NO_WINDOWS, TODAY)

    closed_by_us = facts.user.has_tag("mfa-closed") and facts.closed_on is not None
    assert window.state is (WindowState.REOPENING if closed_by_us else WindowState.NONE)


def test_first_run() -> None:
    """A window opens when a run first finds the user, however long the user has had no MFA."""
    assert decide_window(replace(FACTS, until=None), RULES, TODAY) == Window(WindowState.OPEN, date(2027, 1, 3))


@pytest.mark.parametrize(
    ("until", "state"),
    [(date(2026, 12, 20), WindowState.OPEN), (date(2026, 12, 19), WindowState.ENDED)],
)
def test_last_day(until: date, state: WindowState) -> None:
    """The user can enrol on the whole last day."""
    assert decide_window(replace(FACTS, until=until), RULES, TODAY) == Window(state, until)


@pytest.mark.parametrize(
    ("tag", "until"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("2026-12-24 on leave", date(2026, 12, 24)),
        ("2026-12-01", date(2026, 12, 19)),
        ("soon", date(2026, 12, 19)),
    ],
)
def test_prolongation(tag: str, until: date) -> None:
    """Ops prolong a window with a tag; an earlier day or a value that is no day prolongs nothing."""
    found = replace(FACTS, user=replace(ALICE, tags={"mfa-window": tag}))

    assert decide_window(found, RULES, TODAY).until == until
    assert malformed_prolongation(found.user) == ("soon" if tag == "soon" else None)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (TODAY, WindowState.OPEN),
        (TODAY - timedelta(days=2), WindowState.OPEN),
        (TODAY - timedelta(days=3), WindowState.ENDED),
    ],
)
def test_recent_sign_in(day: date, state: WindowState) -> None:
    """A user who has just signed in, and may be enrolling, is not closed."""
    assert decide_window(replace(FACTS, signed_in=day), RULES, TODAY).state is state


@pytest.mark.parametrize(
    ("change", "window"),
    [
        ({"enrolment": EnrolmentStatus.UNKNOWN}, Window(WindowState.OPEN, FACTS.until)),
        ({"password": None}, Window(WindowState.OPEN, FACTS.until)),
        ({"password": None, "until": None}, NO_WINDOW),
        ({"password": False}, NO_WINDOW),
        ({"enforced": False}, NO_WINDOW),
        ({"enrolment": EnrolmentStatus.DORMANT, "password": False}, NO_WINDOW),
    ],
)
def test_no_reason_to_close(change: dict[str, object], window: Window) -> None:
    """What is not known changes nothing; without a password or the policy there is no window."""
    assert decide_window(replace(FACTS, **change), RULES, TODAY) == window  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("set_at", "state"),
    [
        (None, WindowState.CLOSED),
        (CLOSED_AT - timedelta(days=1), WindowState.CLOSED),
        (CLOSED_AT + timedelta(minutes=5), WindowState.CLOSED),
        (CLOSED_AT + timedelta(minutes=6), WindowState.REOPENING),
    ],
)
def test_new_password(set_at: datetime | None, state: WindowState) -> None:
    """A password that ops set after the closing reopens the user; one from before, or from minutes after, does not."""
    assert decide_window(replace(CLOSED_FACTS, password_set=set_at), RULES, TODAY).state is state


@pytest.mark.parametrize(("value", "until"), [("yes", 11), ("", 11), ("2026-12-10", 11), ("2026-12-12", 13)])
def test_tag_by_hand(value: str, until: int) -> None:
    """A tag that ops set by hand closes as well; only a password from a later day reopens."""
    facts = replace(CLOSED_FACTS, user=replace(ALICE, tags={"MFA-closed": value}))
    before, after = (datetime(2026, 12, until, hour, tzinfo=UTC) for hour in (0, 1))

    assert decide_window(replace(facts, password_set=before), RULES, TODAY).state is WindowState.CLOSED
    assert decide_window(replace(facts, password_set=after), RULES, TODAY).state is WindowState.REOPENING


def test_first_seen_closed() -> None:
    """A user who is found closed counts as closed from that day on."""
    assert decide_window(replace(FACTS, user=CLOSED), RULES, TODAY) == Window(WindowState.CLOSED, closed_on=TODAY)


ROW = Credentials(ALICE.created, True, 0, mfa=False, able_since=date(2026, 11, 1), password_set=ALICE.created)
RECORD = PersonRecord("AIDAALICE", "alice", unenrolled_since=date(2026, 11, 1), window_until=date(2026, 12, 19))


def found(
    row: Credentials | None = ROW,
    record: PersonRecord = RECORD,
    user: User = ALICE,
    devices: Devices = frozenset(),
    *,
    attached: bool = True,
) -> Person:
    facts = EnrolmentFacts(
        users=[AccountUser(user, PolicyCoverage(attached=attached))],
        report=CredentialReport(CLOSED_AT, {"alice": row} if row else {}),
        devices={user.user_id: devices} if devices else {},
        records={record.user_id: record},
        last_run=TODAY,
    )
    rules = EnrolmentRules(ExemptionRules("mfa-exempt", ()), AddressRules("", "", frozenset()), window=RULES)
    [person] = build_snapshot(facts, rules, TODAY).people
    return person


@pytest.mark.parametrize(
    ("person", "window"),
    [
        (found(), Window(WindowState.ENDED, RECORD.window_until)),
        (found(record=replace(RECORD, window_until=None)), Window(WindowState.OPEN, date(2027, 1, 3))),
        (found(replace(ROW, last_use=LastUse(TODAY))), Window(WindowState.OPEN, RECORD.window_until)),
        (found(None), Window(WindowState.OPEN, RECORD.window_until)),
        (found(replace(ROW, password=False, active_keys=1)), NO_WINDOW),
        (found(devices=frozenset({Device.PASSKEY})), NO_WINDOW),
        (found(user=replace(ALICE, tags={"mfa-exempt": "robot"})), NO_WINDOW),
        (found(attached=False), NO_WINDOW),
        (
            found(user=CLOSED, record=replace(RECORD, closed_on=CLOSED_AT.date())),
            Window(WindowState.CLOSED, closed_on=CLOSED_AT.date()),
        ),
        (
            found(replace(ROW, password_set=CLOSED_AT + timedelta(days=1)), user=CLOSED),
            Window(WindowState.REOPENING, closed_on=TODAY),
        ),
    ],
)
def test_run(person: Person, window: Window) -> None:
    """A run decides by the report, the devices and the record, and remembers the decision."""
    assert person.window == window
    assert (person.record.window_until, person.record.closed_on) == (window.until, window.closed_on)
    assert person.can_enrol is (window.state not in {WindowState.ENDED, WindowState.CLOSED} and not person.key_only)
