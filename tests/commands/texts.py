"""The commands in texts that are rendered: mails, notices, what the terminal shows."""

import re
from collections.abc import Iterator

from tests.commands.make import TARGETS

_TARGET = "|".join(sorted(TARGETS))
# "make" is a word, too; "aws-" begins many a name.
_COMMAND = re.compile(rf"(?<![\w./:@-])(?:(?:aws|sam) [a-z]|make (?:{_TARGET})\b|(?:unset|export) [A-Z_]{{3}})")

# The characters that end or continue a sentence, in every language of the mails.
_SENTENCE = ".,:\N{IDEOGRAPHIC FULL STOP}\N{IDEOGRAPHIC COMMA}\N{FULLWIDTH COLON}"


class InProse(ValueError):
    """A command cannot be copied as a line; the message is the line that it is in."""


def commands_of(text: str) -> Iterator[str]:
    """Yield each command of a text; raises InProse for one that cannot be copied as it stands.

    Nothing but commands is in its paragraph, so that it is neither part of a sentence nor wrapped.
    """
    for paragraph in re.split(r"\n\s*\n", text):
        if not _COMMAND.search(paragraph):
            continue
        lines = [line.strip() for line in paragraph.splitlines()]
        for line in lines:
            if not _COMMAND.match(line) or len(_COMMAND.findall(line)) > 1 or line[-1] in _SENTENCE:
                raise InProse(paragraph)
        yield from lines


def names_in(text: str) -> Iterator[str]:
    """Yield each command that a text names among words, with the words behind it."""
    for match in re.finditer(rf"{_COMMAND.pattern}[^.,;:`]*", text):
        yield " ".join(match.group().split())
