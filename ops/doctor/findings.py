"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding wants of its reader."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is as it should be, or is not; `remedy` is the command that mends it, or shows more."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Say that somebody should look at something."""
    return Finding(check, Level.WARNING, text, remedy)


def unknown(check: str, text: str, remedy: str) -> Finding:
    """Say that nobody can tell, because something could not be read."""
    return Finding(check, Level.UNKNOWN, text, remedy)


def failure(check: str, text: str, remedy: str) -> Finding:
    """Say that something does not work."""
    return Finding(check, Level.FAILURE, text, remedy)
