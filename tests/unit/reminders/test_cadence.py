"""When a person is reminded: the days ops chose, never twice for one of them, never in a burst."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enrolment.record import PersonRecord
from domain.reminders.cadence import Cadence, NotDue, ReminderDue, decide_reminder
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
    """The history once the mail has been claimed on that day."""
    at = datetime.combine(today, time(9), UTC)
    return replace(record, reminders=due.number, last_reminded=at, causes=record.causes | {due.cause})


def played(cadence: Cadence, run_days: list[int]) -> list[tuple[int, ReminderDue]]:
    """What goes out, and when, where the run happens on these days only."""
    record, sent = UNENROLLED, []
    for day in run_days:
        match decide_reminder(record, cadence, after(day)):
            case ReminderDue() as due:
                sent.append((day, due))
                record = reminded(record, due, after(day))
    return sent


def test_the_default_days_and_then_every_week() -> None:
    sent = played(CADENCE, list(range(40)))

    assert [day for day, _ in sent] == [0, 1, 3, 7, 14, 21, 28, 35]
    assert [due.number for _, due in sent] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [due.days for _, due in sent] == [0, 1, 3, 7, 14, 21, 28, 35]


def test_a_cause_of_another_mail_counts_for_no_step() -> None:
    """The day in the cause of an occasion is not that of a reminder."""
    welcomed = replace(UNENROLLED, causes=frozenset({f"welcome#{after(7)}#b6246771"}))

    assert isinstance(decide_reminder(welcomed, CADENCE, after(7)), ReminderDue)


def test_it_is_an_escalation_from_the_day_on_that_ops_chose() -> None:
    kinds = {due.kind for day, due in played(CADENCE, list(range(40))) if day >= 14}
    earlier = {due.kind for day, due in played(CADENCE, list(range(14)))}

    assert (earlier, kinds) == ({ReminderKind.REMINDER}, {ReminderKind.ESCALATION})


def test_a_cause_is_made_of_the_day_that_is_due_not_of_the_day_it_is_sent() -> None:
    decisions = [decide_reminder(UNENROLLED, CADENCE, after(day)) for day in (7, 9, 13)]

    assert [due.cause for due in decisions if isinstance(due, ReminderDue)] == ["reminder#2026-11-09"] * 3


def test_days_that_were_missed_are_made_up_for_by_one_reminder() -> None:
    assert [day for day, _ in played(CADENCE, [0, 10, 11, 12, 14])] == [0, 10, 14]


BEGUN = replace(UNENROLLED, reminders=1, claimed_on=SINCE, causes=frozenset({"reminder#2026-11-02"}))


def test_a_reminder_that_was_begun_and_is_not_known_to_have_gone_out_is_due_again_the_next_day() -> None:
    cadence = Cadence((0, 7), 14)

    assert decide_reminder(BEGUN, cadence, SINCE) is NotDue.UNCONFIRMED
    assert decide_reminder(BEGUN, cadence, after(1)) == ReminderDue(
        ReminderKind.REMINDER, "reminder#2026-11-02#2026-11-03", number=2, days=1
    )


def test_the_second_try_counts_for_its_step_and_can_fail_as_well() -> None:
    cadence, both = Cadence((0, 7), 14), BEGUN.causes | {"reminder#2026-11-02#2026-11-03"}
    again = replace(BEGUN, reminders=2, claimed_on=after(1), causes=both)

    assert decide_reminder(again, cadence, after(1)) is NotDue.UNCONFIRMED
    assert isinstance(decide_reminder(again, cadence, after(2)), ReminderDue)
    assert decide_reminder(replace(again, claimed_on=None), cadence, after(2)) is NotDue.REMINDED


def test_one_that_ses_refused_waits_for_the_next_day_of_the_cadence() -> None:
    refused = replace(UNENROLLED, causes=frozenset({"reminder#2026-11-02"}))

    assert decide_reminder(refused, CADENCE, SINCE) is NotDue.REMINDED
    assert isinstance(decide_reminder(refused, CADENCE, after(1)), ReminderDue)


def test_other_ops_choice_of_escalation_does_not_send_the_same_day_again() -> None:
    escalated = replace(UNENROLLED, causes=frozenset({"escalation#2026-11-09"}))

    assert decide_reminder(escalated, CADENCE, after(7)) is NotDue.REMINDED


def test_a_step_that_is_later_covers_an_earlier_one_of_another_cadence() -> None:
    reminded = replace(UNENROLLED, causes=frozenset({f"reminder#{after(8)}"}))

    assert decide_reminder(reminded, CADENCE, after(9)) is NotDue.REMINDED
    assert isinstance(decide_reminder(reminded, CADENCE, after(14)), ReminderDue)


def test_a_mail_that_went_out_late_takes_no_later_step_away() -> None:
    """Nobody is reminded twice in a day of the zone: the step of that day comes the day after."""
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
def test_the_first_mail_is_no_escalation(day: int) -> None:
    """However long MFA has been missing, a person is reminded once before the manager is."""
    first = decide_reminder(UNENROLLED, CADENCE, after(day))

    assert isinstance(first, ReminderDue)
    assert (first.kind, first.number) == (ReminderKind.REMINDER, 1)
    second = decide_reminder(reminded(UNENROLLED, first, after(day)), CADENCE, after(day + 7))
    assert isinstance(second, ReminderDue)
    assert second.kind is ReminderKind.ESCALATION


def test_before_the_first_day_nobody_is_reminded() -> None:
    assert decide_reminder(UNENROLLED, Cadence((3,), 14), after(2)) is NotDue.BEFORE_THE_FIRST


def test_who_has_mfa_is_not_reminded_whatever_the_past() -> None:
    assert decide_reminder(replace(UNENROLLED, unenrolled_since=None), CADENCE, after(99)) is NotDue.NOT_UNENROLLED


@given(cadences, st.sets(st.integers(-5, 400)))
def test_whenever_it_runs_each_day_of_the_cadence_brings_one_mail_at_most(cadence: Cadence, days: set[int]) -> None:
    sent = played(cadence, sorted(days))

    causes = [due.cause.split("#")[1] for _, due in sent]
    assert len(set(causes)) == len(causes)
    assert all(date.fromisoformat(cause) <= after(day) for cause, (day, _) in zip(causes, sent, strict=True))
    assert [due.number for _, due in sent] == list(range(1, len(sent) + 1))


@given(cadences, st.integers(0, 400))
def test_a_daily_run_misses_no_day_of_the_cadence(cadence: Cadence, until: int) -> None:
    days = [day for day, _ in played(cadence, list(range(until + 1)))]

    weekly = range(cadence.days[-1], until + 1, 7)
    assert days == sorted({*(day for day in cadence.days if day <= until), *weekly})


@given(cadences, st.integers(0, 400))
def test_run_twice_on_a_day_it_plans_the_same_and_once_claimed_nothing(cadence: Cadence, day: int) -> None:
    first = decide_reminder(UNENROLLED, cadence, after(day))

    again = decide_reminder(UNENROLLED, cadence, after(day))

    assert again == first
    if isinstance(first, ReminderDue):
        assert decide_reminder(reminded(UNENROLLED, first, after(day)), cadence, after(day)) is NotDue.REMINDED


@pytest.mark.parametrize("days", [(), (-1,), (1, 1), (3, 1)])
def test_days_that_make_no_cadence_are_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="days must be"):
        Cadence(days, 14)
