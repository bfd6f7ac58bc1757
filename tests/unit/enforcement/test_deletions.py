"""The policy is detached from a user if it blocks the deletion, up to a weekly limit."""

import pytest

from domain.enforcement.deletion import blocks_deletion, deletion_grace_left
from domain.users import PolicyCoverage

ATTACHED, MEMBER, FREE = PolicyCoverage(attached=True), PolicyCoverage(in_group=True), PolicyCoverage()
POLICIES = "Cannot delete entity, must detach all policies first."
GROUPS = "Cannot delete entity, must remove users from group first."


@pytest.mark.parametrize(
    ("coverage", "message"), [(ATTACHED, POLICIES), (MEMBER, GROUPS), (ATTACHED, None), (MEMBER, None)]
)
def test_blocking_coverage(coverage: PolicyCoverage, message: str | None) -> None:
    """Our attachment or membership blocks a deletion that failed because of it."""
    assert blocks_deletion(coverage, message)


@pytest.mark.parametrize("coverage", [ATTACHED, MEMBER, FREE])
@pytest.mark.parametrize(
    "first", ["delete login profile", "delete access keys", "delete policies", "delete MFA device"]
)
def test_other_obstacles(coverage: PolicyCoverage, first: str) -> None:
    """Other obstacles are not ours to remove."""
    assert not blocks_deletion(coverage, f"Cannot delete entity, must {first} first.")


def test_one_obstacle_at_a_time() -> None:
    """An attachment does not explain a conflict with a group, nor the other way round."""
    assert not blocks_deletion(ATTACHED, GROUPS)
    assert not blocks_deletion(MEMBER, POLICIES)
    assert not blocks_deletion(FREE, None)


def test_three_times_a_week() -> None:
    """The policy is detached for a deletion three times a week."""
    assert [deletion_grace_left(times) for times in (0, 2, 3)] == [True, True, False]
