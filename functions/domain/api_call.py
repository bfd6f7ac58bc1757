"""An API call as ops are told of it: who did what, when, from where."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call that somebody made: `name` is the API's, `caller` an ARN, `address` an IP address or a service's name.

    `event_id` is CloudTrail's id of it, by which the logs of all functions are followed; empty where none is known.
    """

    name: str
    caller: str
    at: datetime
    address: str
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A call was none that a function acts on."""

    reason: str
