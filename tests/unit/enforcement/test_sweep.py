"""The totals of a sweep: every user counts once, and only users to act on are kept."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.rate_limit import RateLimiter
from domain.enforcement.decision import Flags, Rules
from domain.enforcement.sweep import SweepOutcome, drifted, plan_sweep, totals_of
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User

TODAY = date(2026, 11, 24)
DEPLOYED = datetime(2026, 6, 1, tzinfo=UTC)
RULES = Rules(ExemptionRules("mfa-exempt", ("/service/",)), since=DEPLOYED)

people = st.lists(
    st.builds(
        AccountUser,
        st.builds(
            User,
            name=st.text("abc", min_size=1, max_size=5),
            user_id=st.uuids().map(lambda unique: f"AIDA{unique.hex.upper()}"),
            path=st.sampled_from(["/", "/service/"]),
            tags=st.sampled_from([{}, {"mfa-exempt": "robot"}, {"mfa-exempt": "2026-11-23"}, {"team": "platform"}]),
            created=st.sampled_from([DEPLOYED - timedelta(days=1), DEPLOYED]),
        ),
        st.builds(PolicyCoverage, st.booleans(), st.booleans()),
    ),
    max_size=30,
)


@given(people)
def test_every_user_counts_once(everybody: list[AccountUser]) -> None:
    """Every user counts once: as enforced, exempt or missing."""
    plan = plan_sweep(
        everybody, RULES, today=TODAY, flags=Flags({account_user.user.user_id for account_user in everybody[:2]})
    )

    totals = totals_of(plan, SweepOutcome(attached=len(plan.attach)))

    assert totals.enforced + sum(totals.exempt.values()) + sum(totals.missing.values()) == len(everybody)


def test_failed_and_unenforceable() -> None:
    """A failed attachment counts as missing; a user with full quotas counts as unenforceable."""
    alice = User("alice", "AIDAALICE", "/", {}, DEPLOYED)
    plan = plan_sweep([AccountUser(alice, PolicyCoverage())], RULES, today=TODAY)

    totals = totals_of(plan, SweepOutcome(failed=1, not_attempted=2, unenforceable=[alice]))

    assert totals.missing == {"not-attached": 3}
    assert totals.unenforceable == 1


def test_ended_exemption() -> None:
    """An ended exemption is kept separately, and its user is enforced."""
    alice = User("alice", "AIDAALICE", "/", {"mfa-exempt": "2026-11-23"}, DEPLOYED)

    plan = plan_sweep([AccountUser(alice, PolicyCoverage())], RULES, today=TODAY)

    assert plan.attach == [alice]
    assert [(exempted.user_name, exempted.ended) for exempted in plan.exemptions] == [("alice", True)]
    assert totals_of(plan, SweepOutcome(attached=1)).exempt == {}


def test_users_are_not_kept() -> None:
    """Users are read one by one, and those to leave alone are not kept."""

    def users() -> Iterator[AccountUser]:
        for number in range(10_000):
            yield AccountUser(User(f"user{number}", f"AIDA{number}", "/", {}, DEPLOYED), PolicyCoverage(attached=True))

    plan = plan_sweep(users(), RULES, today=TODAY)

    assert (plan.attach, plan.release, plan.exemptions, plan.older) == ([], [], [], [])
    assert totals_of(plan, SweepOutcome()).enforced == 10_000


@pytest.mark.parametrize(
    ("version", "minutes", "expected"), [("v1", 60, False), ("v2", 60, True), ("v2", 5, False), ("v2", 16, True)]
)
def test_drift(version: str, minutes: int, expected: bool) -> None:
    """Another version is drift unless a deployment may be under way."""
    now = DEPLOYED + timedelta(minutes=minutes)

    assert drifted(version, "v1", DEPLOYED, now) is expected


@given(takes=st.lists(st.floats(0, 2), max_size=50))
def test_rate_limit(takes: list[float]) -> None:
    """At most five calls a second are made, and none waits longer than necessary."""
    now, starts, slept = [0.0], [], [0.0]

    def sleep(seconds: float) -> None:
        assert seconds > 0
        now[0] += seconds
        slept[0] += seconds

    pace = RateLimiter(5, clock=lambda: now[0], sleep=sleep)
    for seconds in takes:
        pace.wait()
        starts.append(now[0])
        now[0] += seconds

    gaps = [later - sooner for sooner, later in pairwise(starts)]
    assert all(gap >= 0.2 - 1e-9 for gap in gaps)
    assert slept[0] <= 0.2 * len(takes) + 1e-9
