"""An API call as notices report it: who called what, when, from which address."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ApiCall:
    """An API call: `name` is the operation, `caller` an ARN, `address` an IP address or the name of a service.

    `event_id` is CloudTrail's id of the call, the correlation id in the logs of all functions; empty if unknown.
    """

    name: str
    caller: str
    at: datetime
    address: str
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that this function does not handle."""

    reason: str
