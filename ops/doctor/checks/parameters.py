"""Checks that the next deployment keeps the parameters of the stack."""

from collections.abc import Iterator

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deployed, Unreadable
from ops.doctor.findings import Finding, ok, warning
from ops.doctor.missing import missing

# Moves the changes of the file aside; `git stash pop` brings them back.
_MOVE_ASIDE = "git stash push samconfig.toml"


@on_deployed_stack
def parameters(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that samconfig.toml would change no parameter of the stack at the next sam deploy."""
    samconfig, values = deployed.samconfig, deployed.stack.parameters
    if isinstance(samconfig, Unreadable):
        yield from missing("Parameters", [samconfig], commands)
        return
    changes = [
        f"{name} from {values[name] or 'nothing'} to {value or 'nothing'}"
        for name, value in sorted(samconfig.items())
        if name in values and values[name] != value
    ]
    if changes:
        yield warning(
            "Parameters",
            f"samconfig.toml makes the next sam deploy change {', '.join(changes)}",
            noted(_MOVE_ASIDE, "the stack then keeps its values; or correct parameter_overrides in the file"),
        )
    else:
        yield ok("Parameters", "samconfig.toml changes none, so sam deploy keeps those of the stack")
