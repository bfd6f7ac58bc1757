"""One rule decides about the new user, the changed user and the hourly sweep."""

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


def account_user(
    coverage: PolicyCoverage = FREE, *, created: datetime = NEW, path: str = "/", exempt: str = ""
) -> AccountUser:
    return AccountUser(User("alice", "AIDAALICE", path, {"mfa-exempt": exempt} if exempt else {}, created), coverage)


def decide(user: AccountUser, rules: Rules = RULES, *deletion_pending: str) -> Decision:
    return decide_enforcement(user, rules, today=TODAY, flags=Flags(deletion_pending=frozenset(deletion_pending)))


def test_attaches() -> None:
    """A user without the policy is enforced."""
    assert decide(account_user()) == Attach(account_user().user)


@pytest.mark.parametrize("coverage", [ATTACHED, IN_GROUP, BOTH])
def test_leaves_enforced_user_alone(coverage: PolicyCoverage) -> None:
    """A user covered by either method is left alone."""
    assert decide(account_user(coverage)) == LeaveAlone(account_user().user, Reason.ENFORCED)


@pytest.mark.parametrize("coverage", [ATTACHED, IN_GROUP, BOTH])
@pytest.mark.parametrize(("path", "tag"), [("/service/", ""), ("/", "robot"), ("/", "2026-11-24")])
def test_releases_exempt_user(coverage: PolicyCoverage, path: str, tag: str) -> None:
    """An exempt user covered by either method is released."""
    assert isinstance(decide(account_user(coverage, path=path, exempt=tag)), Release)


def test_leaves_exempt_user_alone() -> None:
    """An exempt user without the policy is left alone for the exemption's reason."""
    decision = decide(account_user(exempt="robot"))

    assert isinstance(decision, LeaveAlone)
    assert decision.reason is Reason.EXEMPT
    assert decision.exemption is not None
    assert decision.exemption.reason == "robot"


def test_exemption_ends() -> None:
    """The policy is attached again the day after an exemption ends."""
    assert decide(account_user(exempt="2026-11-23")) == Attach(account_user(exempt="2026-11-23").user)


def test_pending_deletion() -> None:
    """A user whose deletion failed because of the policy is left alone."""
    assert decide(account_user(), RULES, "AIDAALICE") == LeaveAlone(account_user().user, Reason.BEING_DELETED)
    assert isinstance(decide(account_user(), RULES, "AIDABOB"), Attach)


def test_older_user() -> None:
    """A user older than the deployment is only reported; one created at that moment is enforced."""
    assert decide(account_user(created=OLD)) == LeaveAlone(account_user(created=OLD).user, Reason.OLDER)
    assert isinstance(decide(account_user(created=DEPLOYED)), Attach)
    assert isinstance(decide(account_user(created=OLD), Rules(EXEMPTIONS, since=None)), Attach)


def test_older_user_once_enforced() -> None:
    """An older user who once had the policy is enforced again."""
    older = account_user(created=OLD)

    decision = decide_enforcement(older, RULES, today=TODAY, flags=Flags(previously_enforced={"AIDAALICE"}))

    assert decision == Attach(older.user)


def test_older_user_is_released() -> None:
    """An older user who becomes exempt is released, too."""
    assert isinstance(decide(account_user(ATTACHED, created=OLD, exempt="robot")), Release)


def test_group_without_policy() -> None:
    """A group without the policy enforces nobody, but exempt members still leave it."""
    broken = Rules(EXEMPTIONS, since=DEPLOYED, group_enforces=False)

    assert isinstance(decide(account_user(IN_GROUP), broken), Attach)
    assert isinstance(decide(account_user(BOTH), broken), LeaveAlone)
    assert isinstance(decide(account_user(IN_GROUP, exempt="robot"), broken), Release)


@given(
    coverage=st.builds(PolicyCoverage, st.booleans(), st.booleans()),
    created=st.sampled_from([OLD, NEW]),
    path=st.sampled_from(["/", "/service/"]),
    exempt=st.sampled_from(["", "robot", "2026-11-23", "2026-11-24"]),
    since=st.sampled_from([None, DEPLOYED]),
)
def test_decisions_converge(
    coverage: PolicyCoverage, created: datetime, path: str, exempt: str, since: datetime | None
) -> None:
    """After a decision is carried out, the next decision leaves the user alone."""
    rules, user = Rules(EXEMPTIONS, since), account_user(coverage, created=created, path=path, exempt=exempt)

    match decide(user, rules):
        case Attach():
            after = PolicyCoverage(attached=True, in_group=coverage.in_group)
        case Release():
            after = FREE
        case LeaveAlone():
            after = coverage

    assert isinstance(decide(AccountUser(user.user, after), rules), LeaveAlone)


def test_enforced_since() -> None:
    """The date is ops' choice or the deployment, and there is none if all users are enforced."""
    assert enforced_since(ExistingUsers.REPORT, None, DEPLOYED) == DEPLOYED
    assert enforced_since(ExistingUsers.REPORT, OLD, DEPLOYED) == OLD
    assert enforced_since(ExistingUsers.ENFORCE, OLD, DEPLOYED) is None


def test_methods_in_order() -> None:
    """Each method is the fallback for the other, unless the group has no policy."""
    assert methods_in_order(EnforcementMethod.USER) == (EnforcementMethod.USER, EnforcementMethod.GROUP)
    assert methods_in_order(EnforcementMethod.GROUP) == (EnforcementMethod.GROUP, EnforcementMethod.USER)
    assert methods_in_order(EnforcementMethod.GROUP, group_enforces=False) == (EnforcementMethod.USER,)


def test_reattachment_limit() -> None:
    """The policy is attached again as often a day as ops allow."""
    assert [reattachment_limit_reached(times, most=3) for times in (0, 2, 3)] == [False, False, True]
    assert reattachment_limit_reached(0, most=0)


def test_facts_are_fresh_for_a_minute() -> None:
    """Facts about a user are fresh for a minute."""
    assert is_fresh(NEW, NEW + timedelta(seconds=59))
    assert not is_fresh(NEW, NEW + timedelta(seconds=60))


def test_user_may_still_appear() -> None:
    """A user may appear in IAM within five minutes."""
    assert may_still_appear(NEW, NEW + timedelta(minutes=4, seconds=59))
    assert not may_still_appear(NEW, NEW + timedelta(minutes=5))
