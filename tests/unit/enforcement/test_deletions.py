"""A user is let go to be deleted where we stand in the way, and not without end."""

import pytest

from domain.enforcement.deletion import gives_way, stands_in_the_way
from domain.users import Standing

ATTACHED, MEMBER, FREE = Standing(attached=True), Standing(in_group=True), Standing()
POLICIES = "Cannot delete entity, must detach all policies first."
GROUPS = "Cannot delete entity, must remove users from group first."


@pytest.mark.parametrize(
    ("standing", "message"), [(ATTACHED, POLICIES), (MEMBER, GROUPS), (ATTACHED, None), (MEMBER, None)]
)
def test_what_holds_the_user_is_in_the_way_of_a_deletion_that_failed_of_it(
    standing: Standing, message: str | None
) -> None:
    assert stands_in_the_way(standing, message)


@pytest.mark.parametrize("standing", [ATTACHED, MEMBER, FREE])
@pytest.mark.parametrize(
    "first", ["delete login profile", "delete access keys", "delete policies", "delete MFA device"]
)
def test_what_is_not_ours_to_take_off_is_not_our_doing(standing: Standing, first: str) -> None:
    assert not stands_in_the_way(standing, f"Cannot delete entity, must {first} first.")


def test_one_hold_does_not_answer_for_the_other() -> None:
    assert not stands_in_the_way(ATTACHED, GROUPS)
    assert not stands_in_the_way(MEMBER, POLICIES)
    assert not stands_in_the_way(FREE, None)


def test_a_user_is_let_go_three_times_a_week() -> None:
    assert [gives_way(times) for times in (0, 2, 3)] == [True, True, False]
