"""The table is strict: no part of the policy can go without some case going wrong."""

from local.referee import Referee
from tests.policy.mutants import Mutant, mutants_of
from tests.policy.truth_table import Case, Profile, cases

# Nobody can be denied this call ("GetCallerIdentity", STS API Reference). The policy lists it for readers and for
# simulators that do not know; this referee does.
WITHOUT_EFFECT = "sts:GetCallerIdentity"


def test_every_part_of_the_policy_is_held_by_a_case(referee: Referee) -> None:
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
    # The cases about the part that has changed go first: they are the likeliest to notice.
    for case in sorted(table, key=lambda case: case.request.action != mutant.part):
        policy = case.profile.policy()
        changed = mutant.of(policy)
        if changed != policy and case.verdict(referee, changed) != case.expected:
            return True
    return False
