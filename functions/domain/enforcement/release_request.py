"""The message that asks `release` to read one user, and to detach the policy if the user is exempt."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from domain.api_call import ApiCall
from domain.input.fields import Fields, Malformed


class MalformedRequest(Malformed):
    """A message is not a release request."""


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A user who was found exempt with the policy attached; `after` is the call that led to this, None after a sweep.

    `after` is the sender's claim: it is logged, but proves nothing. A request of release 1.0.0 names no `account`: it
    is about the account of its queue.
    """

    user_id: str
    user_name: str
    after: ApiCall | None = None
    account: str | None = None

    def to_json(self) -> str:
        """Return the request as the body of a message."""
        return json.dumps({"release": asdict(self)}, default=datetime.isoformat)

    @classmethod
    def from_json(cls, body: str) -> "ReleaseRequest":
        """Read the body of a message; raises MalformedRequest.

        A message may have waited through an upgrade or a rollback, so unknown and missing fields are accepted.
        """
        request = Fields.of(body, MalformedRequest)
        return cls(
            user_id=request.user_id("release.user_id"),
            user_name=request.user_name("release.user_name"),
            after=_call(request, "release.after"),
            account=request.optional_text("release.account"),
        )


def _call(request: Fields, field: str) -> ApiCall | None:
    """Return the call as far as it can be read, or None without its time."""
    first_text = request.first_text
    try:
        at = request.time(f"{field}.at")
    except MalformedRequest:
        return None
    return ApiCall(
        name=first_text(f"{field}.name") or "unknown",
        caller=first_text(f"{field}.caller") or "unknown",
        at=at,
        address=first_text(f"{field}.address") or "unknown",
        event_id=first_text(f"{field}.event_id") or "",
    )
