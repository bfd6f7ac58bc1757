"""The signature of a check: a pure function from facts to findings."""

from collections.abc import Callable, Iterator
from functools import wraps

from ops.doctor.commands import Commands
from ops.doctor.facts import Deployed, Facts
from ops.doctor.findings import Finding

type Check = Callable[[Facts, Commands], Iterator[Finding]]


def on_deployed_stack(check: Callable[[Deployed, Commands], Iterator[Finding]]) -> Check:
    """Turn a check of the deployed stack into one that finds nothing if no stack is deployed."""

    @wraps(check)
    def checked(facts: Facts, commands: Commands) -> Iterator[Finding]:
        return check(facts.deployed, commands) if facts.deployed else iter(())

    return checked
