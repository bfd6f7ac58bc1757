"""Checks that the next deployment keeps the parameters of the stack."""

from collections.abc import Iterator

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deployed, Unreadable
from ops.doctor.findings import Finding, ok, warning
from ops.doctor.missing import missing

# Moves the changes aside; git can bring them back.
_MOVE_ASIDE = "git stash push samconfig.toml"


@on_deployed_stack
def parameters(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Say which parameters a plain `sam deploy` would change, because samconfig.toml has other values for them."""
    samconfig, kept = deployed.samconfig, deployed.stack.parameters
    if isinstance(samconfig, Unreadable):
        yield from missing("Parameters", [samconfig], commands)
        return
    differing = [
        f"{name} from {_shown(kept[name])} to {_shown(value)}"
        for name, value in sorted(samconfig.items())
        if name in kept and kept[name] != value
    ]
    if differing:
        yield warning(
            "Parameters",
            f"the next sam deploy changes, because samconfig.toml says so: {', '.join(differing)}",
            noted(_MOVE_ASIDE, "the stack then keeps what it has; or correct parameter_overrides there"),
        )
    else:
        why = "samconfig.toml has the same values" if samconfig else "the stack keeps them"
        yield ok("Parameters", f"{why}; a deployment changes only those that it names")


def _shown(value: str) -> str:
    return value or "nothing"
