"""One rule decides about the new user, the changed user and the hourly sweep alike."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enforcement.decision import (
    Attach,
    Decision,
    EnforcementMethod,
    ExistingUsers,
    Flags,
    LeaveAlone,
    Reason,
    Release,
    Rules,
    decide_enforcement,
    enforced_since,
    is_fresh,
    methods_in_order,
    reattachment_limit_reached,
)
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User, may_still_appear

TODAY = date(2026, 11, 24)
DEPLOYED = datetime(2026, 6, 1, tzinfo=UTC)
NEW, OLD = DEPLOYED + timedelta(days=1), DEPLOYED - timedelta(days=1)
EXEMPTIONS = ExemptionRules("mfa-exempt", ("/service/",))
FREE, ATTACHED, IN_GROUP, BOTH = (
    PolicyCoverage(),
    PolicyCoverage(attached=True),
    PolicyCoverage(in_group=True),
    PolicyCoverage(True, True),
)
RULES = Rules(EXEMPTIONS, since=DEPLOYED)


def known(
    coverage: PolicyCoverage = FREE, *, created: datetime = NEW, path: str = "/", exempt: str = ""
) -> AccountUser:
    return AccountUser(User("alice", "AIDAALICE", path, {"mfa-exempt": exempt} if exempt else {}, created), coverage)


def decide(user: AccountUser, rules: Rules = RULES, *deletion_pending: str) -> Decision:
    return decide_enforcement(user, rules, today=TODAY, flags=Flags(deletion_pending=frozenset(deletion_pending)))


def test_a_user_who_is_not_held_is_enforced() -> None:
    assert decide(known()) == Attach(known().user)


@pytest.mark.parametrize("coverage", [ATTACHED, IN_GROUP, BOTH])
def test_a_user_who_is_held_either_way_needs_nothing(coverage: PolicyCoverage) -> None:
    assert decide(known(coverage)) == LeaveAlone(known().user, Reason.ENFORCED)


@pytest.mark.parametrize("coverage", [ATTACHED, IN_GROUP, BOTH])
@pytest.mark.parametrize(("path", "tag"), [("/service/", ""), ("/", "robot"), ("/", "2026-11-24")])
def test_an_exempt_user_who_is_held_either_way_is_released(coverage: PolicyCoverage, path: str, tag: str) -> None:
    assert isinstance(decide(known(coverage, path=path, exempt=tag)), Release)


def test_an_exempt_user_who_is_free_is_left_alone_for_the_exemptions_reason() -> None:
    decision = decide(known(exempt="robot"))

    assert isinstance(decision, LeaveAlone)
    assert decision.reason is Reason.EXEMPT
    assert decision.exemption is not None
    assert decision.exemption.reason == "robot"


def test_the_policy_comes_back_the_day_after_an_exemption_ends() -> None:
    assert decide(known(exempt="2026-11-23")) == Attach(known(exempt="2026-11-23").user)


def test_a_user_whose_deletion_failed_because_of_us_is_left_alone() -> None:
    assert decide(known(), RULES, "AIDAALICE") == LeaveAlone(known().user, Reason.BEING_DELETED)
    assert isinstance(decide(known(), RULES, "AIDABOB"), Attach)


def test_a_user_who_is_older_than_the_deployment_is_only_reported_but_one_created_at_its_moment_is_not() -> None:
    assert decide(known(created=OLD)) == LeaveAlone(known(created=OLD).user, Reason.OLDER)
    assert isinstance(decide(known(created=DEPLOYED)), Attach)
    assert isinstance(decide(known(created=OLD), Rules(EXEMPTIONS, since=None)), Attach)


def test_an_older_user_whom_the_policy_once_held_is_enforced_again() -> None:
    older = known(created=OLD)

    decision = decide_enforcement(older, RULES, today=TODAY, flags=Flags(previously_enforced={"AIDAALICE"}))

    assert decision == Attach(older.user)


def test_an_older_user_who_became_exempt_is_released_all_the_same() -> None:
    assert isinstance(decide(known(ATTACHED, created=OLD, exempt="robot")), Release)


def test_a_group_without_the_policy_enforces_nobody_yet_an_exempt_member_still_leaves_it() -> None:
    broken = Rules(EXEMPTIONS, since=DEPLOYED, group_enforces=False)

    assert isinstance(decide(known(IN_GROUP), broken), Attach)
    assert isinstance(decide(known(BOTH), broken), LeaveAlone)
    assert isinstance(decide(known(IN_GROUP, exempt="robot"), broken), Release)


@given(
    coverage=st.builds(PolicyCoverage, st.booleans(), st.booleans()),
    created=st.sampled_from([OLD, NEW]),
    path=st.sampled_from(["/", "/service/"]),
    exempt=st.sampled_from(["", "robot", "2026-11-23", "2026-11-24"]),
    since=st.sampled_from([None, DEPLOYED]),
)
def test_what_is_decided_brings_every_user_to_where_nothing_more_is_decided(
    coverage: PolicyCoverage, created: datetime, path: str, exempt: str, since: datetime | None
) -> None:
    rules, user = Rules(EXEMPTIONS, since), known(coverage, created=created, path=path, exempt=exempt)

    match decide(user, rules):
        case Attach():
            after = PolicyCoverage(attached=True, in_group=coverage.in_group)
        case Release():
            after = FREE
        case LeaveAlone():
            after = coverage

    assert isinstance(decide(AccountUser(user.user, after), rules), LeaveAlone)


def test_the_border_is_what_ops_chose_or_the_deployment_and_there_is_none_when_all_are_enforced() -> None:
    assert enforced_since(ExistingUsers.REPORT, None, DEPLOYED) == DEPLOYED
    assert enforced_since(ExistingUsers.REPORT, OLD, DEPLOYED) == OLD
    assert enforced_since(ExistingUsers.ENFORCE, OLD, DEPLOYED) is None


def test_each_way_stands_in_for_the_other_unless_the_group_enforces_nobody() -> None:
    assert methods_in_order(EnforcementMethod.USER) == (EnforcementMethod.USER, EnforcementMethod.GROUP)
    assert methods_in_order(EnforcementMethod.GROUP) == (EnforcementMethod.GROUP, EnforcementMethod.USER)
    assert methods_in_order(EnforcementMethod.GROUP, group_enforces=False) == (EnforcementMethod.USER,)


def test_the_policy_is_put_back_as_often_as_ops_allow() -> None:
    assert [reattachment_limit_reached(times, most=3) for times in (0, 2, 3)] == [False, False, True]
    assert reattachment_limit_reached(0, most=0)


def test_what_was_seen_of_a_user_is_fresh_for_a_minute() -> None:
    assert is_fresh(NEW, NEW + timedelta(seconds=59))
    assert not is_fresh(NEW, NEW + timedelta(seconds=60))


def test_a_user_may_appear_within_five_minutes() -> None:
    assert may_still_appear(NEW, NEW + timedelta(minutes=4, seconds=59))
    assert not may_still_appear(NEW, NEW + timedelta(minutes=5))
