"""The weaknesses of the published policies, and this policy in comparison."""

import pytest

from local.referee import Referee
from tests.policy.compare import Comparison, compared


@pytest.fixture(scope="module")
def comparison(referee: Referee) -> Comparison:
    return compared(referee)


def failing(comparison: Comparison, policy: str) -> set[str]:
    return {case.name for case in comparison.failures[policy]}


def test_this_policy(comparison: Comparison) -> None:
    """This policy decides every case correctly."""
    assert failing(comparison, "this one") == set()


@pytest.mark.parametrize(
    ("weakness", "case"),
    [
        ("who knows the password can remove the second factor without it", "C091"),
        ("the finder of a key enrols a device of their own", "C117"),
        ("an administrator without MFA touches a colleague's devices", "C075"),
        ("a device cannot be named freely", "C032"),
        ("nobody can choose the new password at the first sign-in", "C118"),
        ("a user under a path cannot enrol", "C200"),
    ],
)
def test_policy_of_2020(weakness: str, case: str, comparison: Comparison) -> None:
    """The policy that was common in 2020 has this weakness."""
    assert case in failing(comparison, "common, 2020"), weakness


@pytest.mark.parametrize("policy", ["AWS, full", "AWS, MFA"])
@pytest.mark.parametrize(
    ("weakness", "case"),
    [
        ("the finder of a key enrols a device of their own", "C117"),
        ("an administrator without MFA looks at colleagues", "C079"),
        ("nobody can choose the new password at the first sign-in", "C118"),
        ("a user under a path cannot enrol", "C200"),
        ("a device of an abandoned enrolment stays, and its name with it", "M003"),
    ],
)
def test_policies_of_aws(weakness: str, case: str, policy: str, comparison: Comparison) -> None:
    """The policies that AWS publishes have this weakness."""
    assert case in failing(comparison, policy), weakness
