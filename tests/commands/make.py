"""Calls of make, checked against the Makefile."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.commands.refusal import NoCommand

_MAKEFILE = (Path(__file__).parents[2] / "Makefile").read_text()
TARGETS = frozenset(re.findall(r"^([a-z-]+):", _MAKEFILE, re.MULTILINE))
# Those with a default, and those that count only if they are given.
_VARIABLES = frozenset(re.findall(r"^[A-Z]+(?= \?=)|(?<=\$\(if \$\()[A-Z]+", _MAKEFILE, re.MULTILINE))


def check_call(call: Sequence[str]) -> None:
    """Raise NoCommand unless the Makefile has the targets, and the variables are there to be chosen."""
    for word in call[1:]:
        name, equals, _ = word.partition("=")
        if name not in (_VARIABLES if equals else TARGETS):
            raise NoCommand(call, f"the Makefile has no {name}")
