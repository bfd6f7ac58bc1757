"""What a check is: a pure function from the facts to findings."""

from collections.abc import Callable, Iterator
from functools import wraps

from ops.doctor.commands import Commands
from ops.doctor.facts import Deployed, Facts
from ops.doctor.findings import Finding

type Check = Callable[[Facts, Commands], Iterator[Finding]]


def on_deployed_stack(check: Callable[[Deployed, Commands], Iterator[Finding]]) -> Check:
    """Turn a check of the deployed stack into one that has no findings before the deployment."""

    @wraps(check)
    def checked(facts: Facts, commands: Commands) -> Iterator[Finding]:
        return check(facts.deployed, commands) if facts.deployed else iter(())

    return checked
