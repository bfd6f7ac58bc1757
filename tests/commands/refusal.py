"""The error of a command that its program would refuse."""

import shlex
from collections.abc import Sequence


class NoCommand(ValueError):
    """The program does not take the arguments, or would not do what its reader expects; the message says why."""

    def __init__(self, call: Sequence[str], fault: str) -> None:
        super().__init__(f"{shlex.join(call)}: {fault}")
