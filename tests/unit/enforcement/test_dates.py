"""From which day an existing user is enforced: not before it, not without notice, not later than announced."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enforcement.dates import Announcement, DateRules, UnreachableUsers
from domain.users import User

TODAY = date(2026, 12, 1)
DAY = date(2027, 1, 15)
WEEK = timedelta(days=7)
RULES = DateRules(DAY, "mfa-enforce-from", WEEK)
ALICE = User("alice", "AIDAALICE", "/", {}, datetime(2020, 1, 1, tzinfo=UTC))


def tagged(value: str) -> User:
    return replace(ALICE, tags={"mfa-enforce-from": value})


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("", DAY),
        ("2026-12-24", date(2026, 12, 24)),
        ("2027-02-01 wave 2", date(2027, 2, 1)),
        ("\uff12\uff10\uff12\uff17-02-01", date(2027, 2, 1)),
        ("2027-02-30", None),
        ("1.2.2027", None),
        ("2027-02-011", None),
        ("later", None),
    ],
)
def test_day(value: str, day: date | None) -> None:
    """The tag moves the day of its user; a value that is no day leaves the user without one, and is reported."""
    user = tagged(value)

    assert RULES.day_of(user) == day
    assert RULES.malformed(user) == (value if day is None else None)


def test_no_day() -> None:
    """Without a day nothing is announced, and nobody is enforced."""
    rules = replace(RULES, day=None)

    assert rules.next_announcement(ALICE, None, TODAY) is None
    assert not rules.is_due(ALICE, Announcement(TODAY, TODAY), TODAY, reachable=True)


@pytest.mark.parametrize(
    ("day", "announced", "expected"),
    [
        (DAY, None, Announcement(DAY, TODAY)),
        (TODAY, None, Announcement(TODAY + WEEK, TODAY)),
        (date(2020, 1, 1), None, Announcement(TODAY + WEEK, TODAY)),
        (DAY, Announcement(DAY, date(2026, 11, 1)), Announcement(DAY, date(2026, 11, 1))),
        (DAY, Announcement(TODAY, date(2026, 11, 1)), Announcement(DAY, date(2026, 11, 1))),
        (date(2026, 12, 24), Announcement(DAY, date(2026, 11, 1)), Announcement(date(2026, 12, 24), TODAY)),
        (TODAY, Announcement(date(2026, 12, 4), date(2026, 11, 1)), Announcement(date(2026, 12, 4), date(2026, 11, 1))),
    ],
    ids=["first", "too-near", "past", "same", "later", "earlier", "earlier-but-too-near"],
)
def test_announcement(day: date, announced: Announcement | None, expected: Announcement) -> None:
    """A mail names a day with notice: a day that moves later is kept, one that moves earlier needs notice again."""
    assert replace(RULES, day=day).next_announcement(ALICE, announced, TODAY) == expected


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize("unreachable", UnreachableUsers)
def test_not_notified(unreachable: UnreachableUsers, reachable: bool) -> None:
    """A user who was not notified is enforced only if no mail can reach the user, and ops chose that."""
    rules = replace(RULES, day=TODAY, unreachable=unreachable)

    due = rules.is_due(ALICE, None, TODAY, reachable=reachable)

    assert due is (not reachable and unreachable is UnreachableUsers.ENFORCE)
    assert not rules.is_due(ALICE, None, TODAY - timedelta(days=1), reachable=False)


days = st.integers(0, 120).map(lambda number: TODAY + timedelta(days=number))


@given(
    moved=st.lists(st.none() | days, min_size=1, max_size=120),
    mailed=st.lists(st.booleans(), min_size=120, max_size=120),
    notice=st.integers(0, 30),
)
def test_nobody_by_surprise(moved: Sequence[date | None], mailed: Sequence[bool], notice: int) -> None:
    """However often ops move a day and whichever mails are lost, the user has known the day for the days of notice.

    The user is enforced no earlier than the day that the last mail named, and no earlier than the day that ops chose.
    """
    rules = replace(RULES, notice=timedelta(days=notice))
    announced: Announcement | None = None
    mails: list[tuple[date, date]] = []
    for number, sent in enumerate(mailed):
        today = TODAY + timedelta(days=number)
        rules = replace(rules, day=moved[min(number, len(moved) - 1)])
        if rules.is_due(ALICE, announced, today, reachable=True):
            assert rules.day is not None
            assert rules.day <= today
            assert mails[-1][1] <= today
            assert any(on + rules.notice <= today and named <= today for on, named in mails)
            return
        following = rules.next_announcement(ALICE, announced, today)
        if following is not None and sent:
            announced = following
            mails.append((today, following.day))


@given(first=days, notice=st.integers(0, 30))
def test_enforced_on_the_announced_day(first: date, notice: int) -> None:
    """If nothing moves and the first mail arrives, the user is enforced on the day that it named, not a day later."""
    rules = replace(RULES, day=first, notice=timedelta(days=notice))
    announced = rules.next_announcement(ALICE, None, TODAY)
    assert announced is not None

    for number in range((announced.day - TODAY).days + 1):
        today = TODAY + timedelta(days=number)
        assert rules.next_announcement(ALICE, announced, today) == announced
        assert rules.is_due(ALICE, announced, today, reachable=True) is (today == announced.day)
