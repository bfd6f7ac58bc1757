"""Checks that the next deployment keeps the parameters of the stack."""

from collections.abc import Iterator, Mapping

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Unreadable
from ops.doctor.findings import Finding, ok, warning
from ops.doctor.missing import missing
from ops.stacks import Stack

# Moves the changes aside; git can bring them back.
_MOVE_ASIDE = "git stash push samconfig.toml"


def parameters(stack: Stack, written: Mapping[str, str] | Unreadable, commands: Commands) -> Iterator[Finding]:
    """Say which parameters a plain `sam deploy` would change, because samconfig.toml has other values for them."""
    if isinstance(written, Unreadable):
        yield from missing("Parameters", [written], commands)
        return
    differing = [
        f"{name} from {_shown(stack.parameters[name])} to {_shown(value)}"
        for name, value in sorted(written.items())
        if name in stack.parameters and stack.parameters[name] != value
    ]
    if differing:
        yield warning(
            "Parameters",
            f"the next sam deploy changes, because samconfig.toml says so: {', '.join(differing)}",
            noted(_MOVE_ASIDE, "the stack then keeps what it has; or correct parameter_overrides there"),
        )
    else:
        kept = "samconfig.toml has the same values" if written else "the stack keeps them"
        yield ok("Parameters", f"{kept}; a deployment changes only those that it names")


def _shown(value: str) -> str:
    return value or "nothing"
