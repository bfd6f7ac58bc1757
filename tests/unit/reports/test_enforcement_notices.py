"""Every notice says what happened and what to do, with any names of users and callers."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_call import ApiCall
from domain.enforcement.decision import Release
from domain.exemptions import ExemptBy, Exemption
from domain.notice import Notice, Severity
from domain.users import User
from reports.enforcement_notices import (
    deletion_grace_exhausted,
    detach_incomplete,
    detached_for_deletion,
    enforcement_changed,
    exempted,
    exemptions_found,
    group_without_policy,
    policy_drifted,
    reattachment_conflict,
    unenforceable,
)

ARN = "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control"
AT = datetime(2026, 11, 24, 9, 15, 2, tzinfo=UTC)
NAMES = st.text(max_size=200)
CALLS = st.builds(ApiCall, NAMES, NAMES, st.just(AT), NAMES)


def user(name: str) -> User:
    return User(name, "AIDA", "/", {}, AT)


EVERY_NOTICE: list[Callable[[str, ApiCall], Notice]] = [
    lambda _, call: enforcement_changed(call, ARN, "v3"),
    lambda name, _: policy_drifted(ARN, "v4", name),
    lambda name, _: group_without_policy(name, repaired=False),
    lambda name, _: unenforceable([user(name)] * 60),
    lambda name, call: reattachment_conflict(user(name), 3, call),
    lambda name, call: exempted(user(name), Exemption(ExemptBy.TAG, name), call),
    lambda name, _: exemptions_found([Release(user(name), Exemption(ExemptBy.TAG, name))] * 60),
    lambda name, call: detached_for_deletion(user(name), call),
    lambda name, call: deletion_grace_exhausted(user(name), 3, call),
    lambda name, _: detach_incomplete([name] * 60, ARN),
]


@pytest.mark.parametrize("notice", EVERY_NOTICE)
@given(name=NAMES, call=CALLS)
def test_hostile_name(notice: Callable[[str, ApiCall], Notice], name: str, call: ApiCall) -> None:
    """No name adds a line or makes the text long."""
    hostile, usual = notice(name, call), notice("alice", ApiCall("TagUser", "jane", AT, "203.0.113.24", "id"))

    assert "\n" not in hostile.subject
    assert hostile.text.count("\n") <= usual.text.count("\n") + 12
    assert len(hostile.text) < 12_000


def test_long_list() -> None:
    """A long list of names is cut, and says so."""
    notice = unenforceable([user(f"user{number}") for number in range(53)])

    assert notice.subject == "53 users cannot be enforced: quota full"
    assert "user49" in notice.text
    assert "… and 3 more" in notice.text


def test_repaired_group() -> None:
    """A repaired group is a warning and not an alarm."""
    assert group_without_policy("g", repaired=True).severity is Severity.WARNING
    assert group_without_policy("g", repaired=False).severity is Severity.ALARM


def test_exemptions_found_by_sweep() -> None:
    """Exemptions that a sweep found are reported with the parameters that may have caused them."""
    notice = exemptions_found([Release(user("robot"), Exemption(ExemptBy.PATH, "path /service/"))])

    assert notice.subject == "1 user is now exempt from MFA"
    assert "ExemptPaths" in notice.text
