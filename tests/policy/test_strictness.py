"""The table is strict: if any part of the policy is removed, a case fails."""

from local.referee import Referee
from tests.policy.mutants import Mutant, mutants_of
from tests.policy.truth_table import Case, Profile, cases

# This call cannot be denied ("GetCallerIdentity", STS API Reference). The policy lists it for readers and for
# simulators that do not know this; the referee does.
WITHOUT_EFFECT = "sts:GetCallerIdentity"


def test_every_part_has_a_case(referee: Referee) -> None:
    """Every part of the policy is necessary for a case."""
    table = cases()
    mutants = {str(mutant): mutant for profile in _profiles(table) for mutant in mutants_of(profile.policy())}

    survivors = [
        name
        for name, mutant in mutants.items()
        if mutant.part != WITHOUT_EFFECT and not _is_noticed(mutant, table, referee)
    ]

    assert survivors == []


def _profiles(table: list[Case]) -> set[Profile]:
    return {case.profile for case in table if case.profile.partition == "aws"}


def _is_noticed(mutant: Mutant, table: list[Case], referee: Referee) -> bool:
    # The cases about the changed part come first, because they are the most likely to fail.
    for case in sorted(table, key=lambda case: case.request.action != mutant.part):
        policy = case.profile.policy()
        changed = mutant.of(policy)
        if changed != policy and case.verdict(referee, changed) != case.expected:
            return True
    return False
