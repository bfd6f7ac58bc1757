"""An IAM call as CloudTrail records it and EventBridge hands it over, read with errors that name the field.

The shape is that of "CloudTrail record contents" inside "Events from AWS services delivered via CloudTrail". The
time is the record's own `eventTime`: `createDate` in a response is locale text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jmespath

from domain.calls import Call


class MalformedEvent(ValueError):
    """A message is not the event it should be; the text names the field, what was expected and what type was found."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        super().__init__(f"{field}: expected {expected}, found {type(found).__name__}")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One API call that somebody made.

    `event_id` is CloudTrail's own id of the call: a redelivery bears it again. `error_code` is None where the call
    succeeded. `event` is the whole envelope, for the fields that only some calls have: `text` and `tags` read them.
    """

    source: str
    name: str
    account: str
    at: datetime
    event_id: str
    error_code: str | None
    event: Mapping[str, Any]

    @classmethod
    def from_message(cls, body: str) -> "RecordedCall":
        """Read a queue message that holds a whole EventBridge event; raises MalformedEvent."""
        event = _object("body", _json(body))
        detail = _object("detail", event.get("detail"))
        return cls(
            source=_text(event, "detail.eventSource"),
            name=_text(event, "detail.eventName"),
            account=_text(event, "account"),
            at=_time(event, "detail.eventTime"),
            event_id=_text(event, "detail.eventID"),
            error_code=None if detail.get("errorCode") is None else _text(event, "detail.errorCode"),
            event=event,
        )

    def text(self, field: str) -> str:
        """Return a text, such as `detail.responseElements.user.userName`; raises MalformedEvent."""
        return _text(self.event, field)

    def optional_text(self, field: str) -> str | None:
        """Return a text that not every call has; raises MalformedEvent where something else stands there."""
        return None if jmespath.search(field, self.event) is None else _text(self.event, field)

    def told(self) -> Call:
        """Return who did what, when, from where; a service that calls for itself has no ARN."""
        identity = "detail.userIdentity"
        caller = jmespath.search(f"{identity}.arn || {identity}.invokedBy || {identity}.type", self.event)
        address = jmespath.search("detail.sourceIPAddress", self.event)
        return Call(self.name, str(caller or "unknown"), self.at, str(address or "unknown"), self.event_id)

    def tags(self, field: str) -> Mapping[str, str]:
        """Return tags, none where the record has none; raises MalformedEvent."""
        found = jmespath.search(field, self.event)
        try:
            tags = {tag["key"]: tag.get("value") or "" for tag in found or ()}
        except (TypeError, KeyError, AttributeError) as error:
            raise MalformedEvent(field, "a list of {key, value}", found) from error
        if not all(isinstance(text, str) for text in (*tags, *tags.values())):
            raise MalformedEvent(field, "a list of {key, value}, both text", found)
        return tags


def _json(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MalformedEvent("body", "JSON", body) from error


def _object(field: str, found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise MalformedEvent(field, "an object", found)
    return found


def _text(event: Mapping[str, Any], field: str) -> str:
    found = jmespath.search(field, event)
    if not isinstance(found, str) or not found:
        raise MalformedEvent(field, "text", found)
    return found


def _time(event: Mapping[str, Any], field: str) -> datetime:
    found = _text(event, field)
    try:
        at = datetime.fromisoformat(found)
    except ValueError as error:
        raise MalformedEvent(field, "an ISO 8601 time", found) from error
    if at.tzinfo is None:
        raise MalformedEvent(field, "a time with its zone", found)
    return at
