"""What `release` is asked: to look at one user, and to let that user go if the user is exempt."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from domain.calls import Call


class MalformedRequest(ValueError):
    """A message is no release request; the text names the field."""


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A user who was found exempt and held; `after` is the call that led there, None where a sweep found it."""

    user_id: str
    user_name: str
    after: Call | None = None

    def to_json(self) -> str:
        """Return the request as the body of a message."""
        return json.dumps({"release": asdict(self)}, default=datetime.isoformat)

    @classmethod
    def from_json(cls, body: str) -> "ReleaseRequest":
        """Read the body of a message; raises MalformedRequest."""
        try:
            fields: dict[str, Any] = json.loads(body)["release"]
            after = fields["after"]
            call = None if after is None else Call(**{**after, "at": datetime.fromisoformat(after["at"])})
            return cls(user_id=fields["user_id"], user_name=fields["user_name"], after=call)
        except (ValueError, KeyError, TypeError) as error:
            message = f"no release request: {error}"
            raise MalformedRequest(message) from error
