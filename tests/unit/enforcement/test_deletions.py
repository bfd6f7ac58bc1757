"""A user is let go to be deleted where we stand in the way, and not without end."""

import pytest

from domain.enforcement.deletion import blocks_deletion, deletion_grace_left
from domain.users import PolicyCoverage

ATTACHED, MEMBER, FREE = PolicyCoverage(attached=True), PolicyCoverage(in_group=True), PolicyCoverage()
POLICIES = "Cannot delete entity, must detach all policies first."
GROUPS = "Cannot delete entity, must remove users from group first."


@pytest.mark.parametrize(
    ("coverage", "message"), [(ATTACHED, POLICIES), (MEMBER, GROUPS), (ATTACHED, None), (MEMBER, None)]
)
def test_what_holds_the_user_is_in_the_way_of_a_deletion_that_failed_of_it(
    coverage: PolicyCoverage, message: str | None
) -> None:
    assert blocks_deletion(coverage, message)


@pytest.mark.parametrize("coverage", [ATTACHED, MEMBER, FREE])
@pytest.mark.parametrize(
    "first", ["delete login profile", "delete access keys", "delete policies", "delete MFA device"]
)
def test_what_is_not_ours_to_take_off_is_not_our_doing(coverage: PolicyCoverage, first: str) -> None:
    assert not blocks_deletion(coverage, f"Cannot delete entity, must {first} first.")


def test_one_hold_does_not_answer_for_the_other() -> None:
    assert not blocks_deletion(ATTACHED, GROUPS)
    assert not blocks_deletion(MEMBER, POLICIES)
    assert not blocks_deletion(FREE, None)


def test_a_user_is_let_go_three_times_a_week() -> None:
    assert [deletion_grace_left(times) for times in (0, 2, 3)] == [True, True, False]
