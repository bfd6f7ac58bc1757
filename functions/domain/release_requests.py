"""What `release` is asked: to look at one user, and to let that user go if the user is exempt."""

import json
from dataclasses import asdict, dataclass, fields
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
        """Read the body of a message; raises MalformedRequest.

        A message may have waited through an upgrade or a rollback, so fields that are new or gone do no harm.
        """
        try:
            found: dict[str, Any] = json.loads(body)["release"]
            after = found["after"]
            call = None if after is None else _call(after)
            return cls(user_id=found["user_id"], user_name=found["user_name"], after=call)
        except (ValueError, KeyError, TypeError) as error:
            message = f"no release request: {error}"
            raise MalformedRequest(message) from error


def _call(found: dict[str, Any]) -> Call:
    known = {field.name: found[field.name] for field in fields(Call) if field.name in found}
    return Call(**{**known, "at": datetime.fromisoformat(found["at"])})
