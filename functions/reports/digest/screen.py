"""The layout of a digest: sections that share one screen, and name as many users as fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.text import wrapped

# One screen, with the two lines that name the account below each notice.
_LINES = 58
_MOST_NAMES = 20
# So many names stay in each section, even if the digest becomes longer than a screen.
_LEAST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One user in a section, with a second line of details. The command does what the section advises."""

    text: str
    detail: str = ""
    command: str = ""

    @property
    def lines(self) -> list[str]:
        """Return the lines without the command, which stands below the section."""
        return [f"- {self.text}", *([f"    {self.detail}"] if self.detail else [])]


@dataclass(frozen=True, slots=True)
class Section:
    """Users under a title. `example` is a command in which the reader fills in the words in capitals."""

    title: str
    entries: Sequence[Entry]
    meaning: str = ""
    example: str = ""

    def shown(self, most: int) -> Sequence[Entry]:
        """Return the first entries."""
        return self.entries[:most]

    def text(self, most: int, report: str | None) -> str:
        """Return the first entries and the number of the others; an empty text if there are none."""
        if not self.entries:
            return ""
        shown, rest = self.shown(most), len(self.entries) - most
        lines = [f"{self.title.upper()} ({len(self.entries):,})", *([wrapped(self.meaning)] if self.meaning else [])]
        lines += [line for entry in shown for line in entry.lines]
        if rest > 0:
            lines.append(f"… and {rest:,} more{f': {report}' if report else ''}")
        commands = [command for command in (self.example, *(entry.command for entry in shown)) if command]
        return "\n".join([*lines, *(["", *(f"  {command}" for command in commands)] if commands else [])])


def one_screen(parts: Sequence[str | Section], report: str | None) -> str:
    """Return the parts with a blank line between them; the longest sections are cut until a screen holds them.

    A section names 20 users at most, and at least three. `report` is the address of the list with the others.
    """
    most = [_MOST_NAMES] * len(parts)
    while True:
        texts = [part if isinstance(part, str) else part.text(most[at], report) for at, part in enumerate(parts)]
        text = "\n\n".join(text for text in texts if text) + "\n"
        shown = [() if isinstance(part, str) else part.shown(most[at]) for at, part in enumerate(parts)]
        longest = max(range(len(parts)), key=lambda at: _cuttable(shown[at]))
        if text.count("\n") <= _LINES or not _cuttable(shown[longest]):
            return text
        most[longest] = len(shown[longest]) - 1


def _cuttable(shown: Sequence[Entry]) -> int:
    """Return the lines of a section's names; 0 if none of them may be left out."""
    if len(shown) <= _LEAST_NAMES:
        return 0
    return sum(len(entry.lines) + bool(entry.command) for entry in shown)
