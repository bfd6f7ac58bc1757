"""The result of a check."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How urgent a finding is."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check; `remedy` is the command that repairs the fault or shows more of it."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """Report that something is as it should be."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Report something that ops should know, but that breaks nothing."""
    return Finding(check, Level.WARNING, text, remedy)


def unknown(check: str, text: str, remedy: str) -> Finding:
    """Report that a fact could not be read."""
    return Finding(check, Level.UNKNOWN, text, remedy)


def failure(check: str, text: str, remedy: str) -> Finding:
    """Report that something does not work."""
    return Finding(check, Level.FAILURE, text, remedy)
