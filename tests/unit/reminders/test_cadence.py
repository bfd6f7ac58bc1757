"""When a user is reminded: on the days that ops chose, never twice for one of them, never in a burst."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enforcement.dates import Announcement
from domain.enrolment.record import PersonRecord
from domain.reminders.cadence import Cadence, NotDue, ReminderDue, announced_on, decide_reminder
from domain.reminders.message import ReminderKind

SINCE = date(2026, 11, 2)
CADENCE = Cadence((0, 1, 3, 7, 14), escalate_after=14)
UNENROLLED = PersonRecord("AIDAEXAMPLEALICE", "alice", first_seen=SINCE, unenrolled_since=SINCE)

cadences = st.builds(
    lambda days, after: Cadence(tuple(sorted(days)), after),
    st.sets(st.integers(0, 60), min_size=1, max_size=8),
    st.integers(1, 90),
)


def after(days: int) -> date:
    return SINCE + timedelta(days=days)


def reminded(record: PersonRecord, due: ReminderDue, today: date) -> PersonRecord:
    """The record after the mail was claimed on that day."""
    at = datetime.combine(today, time(9), UTC)
    return replace(record, reminders=due.number, last_reminded=at, causes=record.causes | {due.cause})


def played(cadence: Cadence, run_days: list[int]) -> list[tuple[int, ReminderDue]]:
    """The mails and their days, if the runs happen only on these days."""
    record, sent = UNENROLLED, []
    for day in run_days:
        match decide_reminder(record, cadence, after(day)):
            case ReminderDue() as due:
                sent.append((day, due))
                record = reminded(record, due, after(day))
    return sent


def test_default_days() -> None:
    """Reminders are due on the default days and then weekly."""
    sent = played(CADENCE, list(range(40)))

    assert [day for day, _ in sent] == [0, 1, 3, 7, 14, 21, 28, 35]
    assert [due.number for _, due in sent] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [due.days for _, due in sent] == [0, 1, 3, 7, 14, 21, 28, 35]


def test_cause_of_other_mail() -> None:
    """The day in the cause of an account event is not that of a reminder."""
    welcomed = replace(UNENROLLED, causes=frozenset({f"welcome#{after(7)}#b6246771"}))

    assert isinstance(decide_reminder(welcomed, CADENCE, after(7)), ReminderDue)


def test_escalation() -> None:
    """A reminder is an escalation from the day that ops chose."""
    kinds = {due.kind for day, due in played(CADENCE, list(range(40))) if day >= 14}
    earlier = {due.kind for day, due in played(CADENCE, list(range(14)))}

    assert (earlier, kinds) == ({ReminderKind.REMINDER}, {ReminderKind.ESCALATION})


def test_cause_names_the_step() -> None:
    """A cause names the day of the step, not the day of sending."""
    decisions = [decide_reminder(UNENROLLED, CADENCE, after(day)) for day in (7, 9, 13)]

    assert [due.cause for due in decisions if isinstance(due, ReminderDue)] == ["reminder#2026-11-09"] * 3


def test_missed_days() -> None:
    """One reminder makes up for all missed days."""
    assert [day for day, _ in played(CADENCE, [0, 10, 11, 12, 14])] == [0, 10, 14]


BEGUN = replace(UNENROLLED, reminders=1, claimed_on=SINCE, causes=frozenset({"reminder#2026-11-02"}))


def test_unconfirmed_reminder() -> None:
    """An unconfirmed reminder is due again the next day."""
    cadence = Cadence((0, 7), 14)

    assert decide_reminder(BEGUN, cadence, SINCE) is NotDue.UNCONFIRMED
    assert decide_reminder(BEGUN, cadence, after(1)) == ReminderDue(
        ReminderKind.REMINDER, "reminder#2026-11-02#2026-11-03", number=2, days=1
    )


def test_retry() -> None:
    """A retry counts for its step, and may fail as well."""
    cadence, both = Cadence((0, 7), 14), BEGUN.causes | {"reminder#2026-11-02#2026-11-03"}
    again = replace(BEGUN, reminders=2, claimed_on=after(1), causes=both)

    assert decide_reminder(again, cadence, after(1)) is NotDue.UNCONFIRMED
    assert isinstance(decide_reminder(again, cadence, after(2)), ReminderDue)
    assert decide_reminder(replace(again, claimed_on=None), cadence, after(2)) is NotDue.REMINDED


def test_refused_reminder() -> None:
    """A reminder that SES refused waits for the next day of the cadence."""
    refused = replace(UNENROLLED, causes=frozenset({"reminder#2026-11-02"}))

    assert decide_reminder(refused, CADENCE, SINCE) is NotDue.REMINDED
    assert isinstance(decide_reminder(refused, CADENCE, after(1)), ReminderDue)


def test_changed_escalation() -> None:
    """A change of the escalation day does not repeat a step."""
    escalated = replace(UNENROLLED, causes=frozenset({"escalation#2026-11-09"}))

    assert decide_reminder(escalated, CADENCE, after(7)) is NotDue.REMINDED


def test_changed_cadence() -> None:
    """A later step covers an earlier one of another cadence."""
    reminded = replace(UNENROLLED, causes=frozenset({f"reminder#{after(8)}"}))

    assert decide_reminder(reminded, CADENCE, after(9)) is NotDue.REMINDED
    assert isinstance(decide_reminder(reminded, CADENCE, after(14)), ReminderDue)


def test_late_mail() -> None:
    """After a late mail the step of that day is due the next day, because there is one reminder a day."""
    late = replace(
        UNENROLLED,
        reminders=1,
        last_reminded=datetime.combine(after(1), time(2), UTC),
        causes=frozenset({f"reminder#{SINCE}"}),
    )

    assert decide_reminder(late, CADENCE, after(1)) is NotDue.TODAY
    assert isinstance(decide_reminder(late, CADENCE, after(2)), ReminderDue)
    assert isinstance(decide_reminder(late, CADENCE, after(1), ZoneInfo("America/New_York")), ReminderDue)


@pytest.mark.parametrize("day", [14, 21, 60])
def test_first_mail(day: int) -> None:
    """However long MFA has been missing, the user is reminded once before the manager."""
    first = decide_reminder(UNENROLLED, CADENCE, after(day))

    assert isinstance(first, ReminderDue)
    assert (first.kind, first.number) == (ReminderKind.REMINDER, 1)
    second = decide_reminder(reminded(UNENROLLED, first, after(day)), CADENCE, after(day + 7))
    assert isinstance(second, ReminderDue)
    assert second.kind is ReminderKind.ESCALATION


def test_before_the_first_day() -> None:
    """Before the first day no reminder is due."""
    assert decide_reminder(UNENROLLED, Cadence((3,), 14), after(2)) is NotDue.BEFORE_THE_FIRST


def test_enrolled_user() -> None:
    """A user whose record has no day without MFA is not reminded."""
    assert decide_reminder(replace(UNENROLLED, unenrolled_since=None), CADENCE, after(99)) is NotDue.NOT_UNENROLLED


@given(cadences, st.sets(st.integers(-5, 400)))
def test_one_mail_per_step(cadence: Cadence, days: set[int]) -> None:
    """On any schedule, each step leads to one mail at most."""
    sent = played(cadence, sorted(days))

    causes = [due.cause.split("#")[1] for _, due in sent]
    assert len(set(causes)) == len(causes)
    assert all(date.fromisoformat(cause) <= after(day) for cause, (day, _) in zip(causes, sent, strict=True))
    assert [due.number for _, due in sent] == list(range(1, len(sent) + 1))


@given(cadences, st.integers(0, 400))
def test_daily_runs(cadence: Cadence, until: int) -> None:
    """Daily runs miss no step."""
    days = [day for day, _ in played(cadence, list(range(until + 1)))]

    weekly = range(cadence.days[-1], until + 1, 7)
    assert days == sorted({*(day for day in cadence.days if day <= until), *weekly})


@given(cadences, st.integers(0, 400))
def test_second_run(cadence: Cadence, day: int) -> None:
    """A second run on a day plans the same, and nothing after the claim."""
    first = decide_reminder(UNENROLLED, cadence, after(day))

    again = decide_reminder(UNENROLLED, cadence, after(day))

    assert again == first
    if isinstance(first, ReminderDue):
        assert decide_reminder(reminded(UNENROLLED, first, after(day)), cadence, after(day)) is NotDue.REMINDED


@pytest.mark.parametrize("days", [(), (-1,), (1, 1), (3, 1)])
def test_invalid_days(days: tuple[int, ...]) -> None:
    """Days that are not a cadence are refused."""
    with pytest.raises(ValueError, match="days must be"):
        Cadence(days, 14)


ANNOUNCED = Announcement(date(2027, 1, 15), since=date(2026, 11, 1))


@pytest.mark.parametrize(
    ("announced", "today", "due_on"),
    [
        (None, date(2026, 11, 24), date(2026, 11, 24)),
        (replace(ANNOUNCED, day=date(2027, 1, 1)), date(2026, 11, 24), date(2026, 11, 24)),
        (ANNOUNCED, date(2026, 11, 24), None),
        (ANNOUNCED, date(2026, 12, 16), date(2026, 12, 16)),
        (ANNOUNCED, date(2026, 12, 20), date(2026, 12, 16)),
        (ANNOUNCED, date(2027, 1, 14), date(2027, 1, 14)),
        (ANNOUNCED, date(2027, 2, 1), date(2027, 1, 14)),
    ],
    ids=["first", "moved", "between", "30-days", "26-days", "last", "past"],
)
def test_countdown(announced: Announcement | None, today: date, due_on: date | None) -> None:
    """A mail about the day is due at once if it says something new, and then on the days of the countdown."""
    assert announced_on(announced, ANNOUNCED, today) == due_on


@pytest.mark.parametrize(("days", "to_manager"), [(4, False), (3, True), (0, True)])
def test_manager_in_the_last_days(days: int, to_manager: bool) -> None:
    """In the last days before the enforcement the manager gets a copy, but not of the first mail."""
    today = ANNOUNCED.day - timedelta(days=days)
    reminded = PersonRecord(
        "AIDA", "alice", unenrolled_since=today, last_reminded=datetime(2026, 12, 1, tzinfo=UTC), announcement=ANNOUNCED
    )
    never = replace(reminded, last_reminded=None)

    decisions = [decide_reminder(record, Cadence((0,), 14), today, UTC, ANNOUNCED) for record in (reminded, never)]

    assert [isinstance(each, ReminderDue) and each.to_manager for each in decisions] == [to_manager, False]
