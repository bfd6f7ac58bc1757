"""Notices: the messages that ops get."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How urgent a notice is."""

    INFORMATION = "information"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to ops; subscribers can filter by `kind` (such as `digest` or `policy-changed`) and `severity`."""

    kind: str
    severity: Severity
    subject: str
    text: str
