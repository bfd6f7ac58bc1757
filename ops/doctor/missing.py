"""What is said of a part that is gone, and of a fact that could not be read, which is neither well nor amiss."""

from collections.abc import Iterable, Iterator

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deleted, Unreadable
from ops.doctor.findings import Finding, failure, unknown

_POLICY = noted(".venv/bin/python -m ops.doctor --policy", "what ops need to read")


def missing(check: str, found: Iterable[object], commands: Commands, meaning: str = "") -> Iterator[Finding]:
    """Say which parts are gone and what that means, and which facts could not be read."""
    facts = list(found)
    gone = [f"the {fact.kind} {fact.logical}" for fact in facts if isinstance(fact, Deleted)]
    if gone:
        yield failure(check, f"somebody has deleted {', '.join(gone)}{meaning}", commands.put_back())
    for fact in facts:
        if isinstance(fact, Unreadable):
            yield _unreadable(check, fact, commands)


def _unreadable(check: str, fact: Unreadable, commands: Commands) -> Finding:
    """Name the permission that is missing, or what AWS answered instead."""
    what = f"the {fact.part} could not be read" if fact.part else "could not be read"
    if fact.denied:
        return unknown(check, f"{what}: needs {fact.permission}", _POLICY)
    answer = f"{fact.permission} answered {fact.code}" if fact.permission else fact.code
    return unknown(check, f"{what}: {answer}", noted(commands.doctor(), "try again"))
