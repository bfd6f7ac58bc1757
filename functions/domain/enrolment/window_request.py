"""The message that asks `enforce` to close a user, or `release` to reopen one; both read the user again first."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.input.fields import Fields, Malformed


class WindowChange(StrEnum):
    """What must happen to the user."""

    CLOSE = "close"
    REOPEN = "reopen"


class MalformedWindowRequest(Malformed):
    """A message is not a request to close or reopen a user."""


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """A user whose window a run found ended, or who must be reopened.

    The run has remembered `closed_on`, and read `password_set` in the credential report, which `release` does not read.
    """

    change: WindowChange
    user_id: str
    user_name: str
    account: str
    closed_on: date | None = None
    password_set: datetime | None = None

    def to_json(self) -> str:
        """Return the request as the body of a message."""
        return json.dumps({"window": asdict(self)}, default=lambda value: value.isoformat())

    @classmethod
    def from_json(cls, body: str) -> "WindowRequest":
        """Read the body of a message; raises MalformedWindowRequest."""
        message = Fields.of(body, MalformedWindowRequest)
        password_set = message.find("window.password_set")
        return cls(
            change=message.one_of(WindowChange, "window.change"),
            user_id=message.user_id("window.user_id"),
            user_name=message.user_name("window.user_name"),
            account=message.text("window.account"),
            closed_on=message.optional_day("window.closed_on"),
            password_set=None if password_set is None else message.time("window.password_set"),
        )


def is_window_request(body: str) -> bool:
    """Return whether a message is a request of this kind, well-formed or not."""
    try:
        return "window" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return False
