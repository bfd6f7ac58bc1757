"""Findings on resources that are deleted and on facts that could not be read."""

from collections.abc import Iterable, Iterator

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deleted, Unreadable
from ops.doctor.findings import Finding, failure, unknown

_POLICY = noted(".venv/bin/python -m ops.doctor --policy", "what ops need to read")


def missing(check: str, facts: Iterable[object], commands: Commands, consequence: str = "") -> Iterator[Finding]:
    """Report the deleted resources in one failure, with its consequence, and each unreadable fact as unknown."""
    every = list(facts)
    deleted = [f"the {fact.kind} {fact.logical}" for fact in every if isinstance(fact, Deleted)]
    if deleted:
        yield failure(check, f"somebody has deleted {', '.join(deleted)}{consequence}", commands.revert_drift())
    for fact in every:
        if isinstance(fact, Unreadable):
            yield _unreadable(check, fact, commands)


def _unreadable(check: str, fact: Unreadable, commands: Commands) -> Finding:
    """Name the permission that is missing, or the error of AWS."""
    text = f"the {fact.resource} could not be read" if fact.resource else "could not be read"
    if fact.denied:
        return unknown(check, f"{text}: needs {fact.permission}", _POLICY)
    answer = f"{fact.permission} answered {fact.code}" if fact.permission else fact.code
    return unknown(check, f"{text}: {answer}", noted(commands.doctor(), "try again"))
