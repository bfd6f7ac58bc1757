"""The commands in the documents."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("events/*.md")])
RUNBOOK = ROOT / "docs" / "operating.md"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:aws|sam|make) \S")
_NAME = re.compile(r"[a-z]+(?: [a-z][a-z0-9-]*)*")


def blocks_of(document: Path) -> list[str]:
    """Return the shell blocks of a document, unchanged."""
    return [text for language, text in _BLOCK.findall(document.read_text()) if language == "sh"]


def scripts_of(document: Path) -> list[str]:
    """Return every command of a document as a script that a shell can read: blocks, lines of output, inline code."""
    text = document.read_text()
    shown = [
        line
        for language, block in _BLOCK.findall(text)
        if language != "sh"
        for line in map(str.strip, block.splitlines())
        if _COMMAND.match(line)
    ]
    inline = [code for code in _inline(text) if not _NAME.fullmatch(code)]
    return [definitions(document) + script for script in (*blocks_of(document), *shown, *inline)]


def names_in(document: Path) -> list[str]:
    """Return the commands that a document only names, without arguments."""
    return [code for code in _inline(document.read_text()) if _NAME.fullmatch(code)]


def definitions(document: Path) -> str:
    """Return what a document has people define before anything else."""
    return f"{blocks_of(document)[0]}\n" if document == RUNBOOK else ""


def _inline(text: str) -> Iterator[str]:
    for code in re.findall(r"`([^`]+)`", _BLOCK.sub("", text)):
        joined = " ".join(code.split())
        if _COMMAND.match(joined):
            yield joined
