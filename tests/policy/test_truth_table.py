"""The template's policy decides every case of the table correctly."""

import pytest

from local.referee import Referee
from tests.policy.truth_table import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_decision(case: Case, referee: Referee) -> None:
    """The policy decides the case as the table says."""
    verdict = case.verdict(referee, case.profile.policy())

    assert verdict == case.expected, f"{case.group}: {case.why}"
