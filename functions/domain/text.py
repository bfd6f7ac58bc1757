"""Text from outside, made safe for a plain-text mail, and its layout."""

import unicodedata
from collections.abc import Iterable
from textwrap import fill

# Most mail clients wrap at less than 80 columns.
WIDTH = 76


def plain(text: str, most: int = 80) -> str:
    """Return the text as one line, without control or direction characters, cut to so many characters."""
    kept = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    line = " ".join(kept.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def wrapped(text: str, hang: str = "") -> str:
    """Wrap a text of ours; lines after the first start with `hang`."""
    return fill(text, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def first(lines: Iterable[str], most: int) -> list[str]:
    """Return the first lines, and a line with the number of the others."""
    every = list(lines)
    rest = len(every) - most
    return every if rest <= 0 else [*every[:most], f"… and {rest:,} more"]
