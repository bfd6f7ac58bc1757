"""An IAM call as CloudTrail records it and EventBridge delivers it, read with errors that name the field.

The shape is that of "CloudTrail record contents" inside "Events from AWS services delivered via CloudTrail". The
time is the record's own `eventTime`: `createDate` in a response is locale text.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.api_call import ApiCall
from domain.input.fields import Fields, Malformed


class MalformedEvent(Malformed):
    """A message is not the expected event."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One API call.

    `event_id` is CloudTrail's id of the call: a redelivery has the same one. `error_code` is None if the call
    succeeded. `event` is the whole envelope, for the fields that only some calls have: the methods read them, and raise
    MalformedEvent.
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
        """Read a queue message that contains a whole EventBridge event; raises MalformedEvent."""
        event = Fields.of(body, MalformedEvent)
        return cls(
            source=event.text("detail.eventSource"),
            name=event.text("detail.eventName"),
            account=event.text("account"),
            at=event.time("detail.eventTime"),
            event_id=event.text("detail.eventID", most=200),
            error_code=event.optional_text("detail.errorCode"),
            event=event.values,
        )

    def ignored_because(self, names: Collection[str], account: str, *, if_failed: bool = True) -> str | None:
        """Return why a function that handles these IAM calls in this account ignores the call, or None.

        The rules let only such calls through, but a message sent by hand may contain another. Failed calls are ignored
        unless `if_failed` is False.
        """
        if self.source != "iam.amazonaws.com" or self.name not in names:
            return f"the call was {self.name} of {self.source}"
        if if_failed and self.error_code is not None:
            return "the call failed"
        return None if self.account == account else f"the call was made in another account, {self.account}"

    def text(self, field: str) -> str:
        """Return a text, such as `detail.responseElements.user.path`."""
        return self._fields.text(field)

    def optional_text(self, field: str) -> str | None:
        """Return a text, None if the call does not have it."""
        return self._fields.optional_text(field)

    def user_name(self, field: str) -> str:
        """Return the name of a user."""
        return self._fields.user_name(field)

    def optional_user_name(self, field: str) -> str | None:
        """Return the name of a user, None if the call does not have it."""
        return None if self._fields.find(field) is None else self.user_name(field)

    def user_id(self, field: str) -> str:
        """Return the id of a user."""
        return self._fields.user_id(field)

    def to_api_call(self) -> ApiCall:
        """Return who called what, when, from which address; a service that calls for itself has no ARN."""
        identity, first_text = "detail.userIdentity", self._fields.first_text
        caller = first_text(f"{identity}.arn", f"{identity}.invokedBy", f"{identity}.type")
        address = first_text("detail.sourceIPAddress")
        return ApiCall(self.name, caller or "unknown", self.at, address or "unknown", self.event_id)

    def tags(self, field: str) -> Mapping[str, str]:
        """Return the tags, empty if the record has none; a tag with an empty value may come without a value."""
        tags = self._fields.objects(field)
        return {tag.text("key"): "" if tag.find("value") in (None, "") else tag.text("value") for tag in tags}

    @property
    def _fields(self) -> Fields:
        return Fields(self.event, MalformedEvent)
