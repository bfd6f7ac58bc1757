"""Compares this policy and the published ones on the truth table: `python -m tests.policy.compare`."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from local.referee import Policy, Referee, missing
from tests.policy.truth_table import Case, Profile, alternative, cases

type Chosen = Callable[[Case], Policy]

POLICIES: dict[str, Chosen] = {
    "common, 2020": lambda _: alternative("common-2020"),
    "AWS, full": lambda _: alternative("aws-self-manage-full"),
    "AWS, MFA": lambda _: alternative("aws-self-manage-mfa-only"),
    "this one": lambda case: case.profile.policy(),
}

# Cases that the other policies do not aim at, such as the options: a failure is a difference, not a fault.
OWN_CHOICES = ("partition", "self-enrol/console-page-quiet", "console-sign-in", "least-privilege")


@dataclass(frozen=True)
class Comparison:
    """The cases of the table that apply without any option, and those that each policy decides wrongly."""

    table: tuple[Case, ...]
    failures: dict[str, tuple[Case, ...]]


def compared(referee: Referee) -> Comparison:
    """Judge every policy by the cases that apply by default and that policies can decide."""
    table = tuple(case for case in cases() if case.is_default and not case.ignores_policies)
    failures = {
        name: tuple(case for case in table if case.verdict(referee, chosen(case)) != case.expected)
        for name, chosen in POLICIES.items()
    }
    return Comparison(table, failures)


def as_table(comparison: Comparison) -> Table:
    """Return the failures as a table by group."""
    table = Table("group", "of", title="Cases that go wrong", box=SIMPLE)
    for name in comparison.failures:
        table.add_column(name, justify="right", min_width=len(name))
    for group in dict.fromkeys(case.group for case in comparison.table):
        _add_row(table, comparison, group, lambda case, group=group: case.group == group)  # type: ignore[misc]
    table.add_section()
    _add_row(table, comparison, "all", lambda _: True)
    _add_row(table, comparison, "too open", lambda case: case.expected == "deny")
    _add_row(table, comparison, "too closed", lambda case: case.expected == "allow")
    _add_row(table, comparison, "without own choices", _is_common_ground)
    table.add_section()
    table.add_row("characters, of 6,144", "", *(f"{size(chosen):,}" for chosen in map(_by_default, POLICIES)))
    return table


def size(policy: Policy) -> int:
    """Return the size as IAM counts it: without white space ("IAM and AWS STS quotas")."""
    return len("".join(json.dumps(policy).split()))


def _is_common_ground(case: Case) -> bool:
    return case.group not in OWN_CHOICES and not case.profile.options


def _by_default(name: str) -> Policy:
    by_default = next(case for case in cases() if case.profile == Profile("aws"))
    return POLICIES[name](by_default)


def _add_row(table: Table, comparison: Comparison, label: str, belongs: Callable[[Case], bool]) -> None:
    counts = (_count(failures, belongs) for failures in comparison.failures.values())
    table.add_row(label, str(_count(comparison.table, belongs)), *(str(count or "-") for count in counts))


def _count(chosen: Iterable[Case], belongs: Callable[[Case], bool]) -> int:
    return sum(map(belongs, chosen))


def main() -> None:
    """Print the comparison."""
    if reason := missing():
        raise SystemExit(reason)
    with Referee() as referee:
        Console().print(as_table(compared(referee)))


if __name__ == "__main__":
    main()
