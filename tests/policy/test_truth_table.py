"""The template's policy decides every case of the table as it must."""

import pytest

from local.referee import Referee
from tests.policy.truth_table import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_policy_decides_as_it_must(case: Case, referee: Referee) -> None:
    verdict = case.verdict(referee, case.profile.policy())

    assert verdict == case.expected, f"{case.group}: {case.why}"
