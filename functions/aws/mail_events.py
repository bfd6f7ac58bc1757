"""What SES reports about a mail that it had taken, as EventBridge hands it over.

The shape is that of "Contents of event data that Amazon SES publishes" inside "SES events schema reference".
"""

import json
from collections.abc import Mapping
from typing import Any

import jmespath

from aws.cloudtrail import MalformedEvent
from domain.feedback import Feedback

# Where each kind of event lists the addresses that failed. A rejected mail went to nobody.
_RECIPIENTS = {
    "Bounce": "bounce.bouncedRecipients[]",
    "Complaint": "complaint.complainedRecipients[]",
    "Reject": "mail.destination[].{emailAddress: @}",
}
_REASONS = {
    "Bounce": "['bounced', bounce.bounceType, bounce.bounceSubType]",
    "Complaint": "['complained of as spam', complaint.complaintFeedbackType]",
    "Reject": "['rejected', reject.reason]",
}


def read_feedback(body: str) -> Feedback:
    """Read a queue message that holds a whole EventBridge event; raises MalformedEvent."""
    detail = jmespath.search("detail", json.loads(body))
    kind = jmespath.search("eventType", detail)
    if kind not in _RECIPIENTS:
        raise MalformedEvent("detail.eventType", f"one of {', '.join(_RECIPIENTS)}", kind)
    recipients = jmespath.search(_RECIPIENTS[kind], detail)
    if not recipients:
        raise MalformedEvent(_RECIPIENTS[kind], "recipients", recipients)
    reason = ", ".join(part for part in jmespath.search(_REASONS[kind], detail) if isinstance(part, str))
    return Feedback(
        user_id=jmespath.search("mail.tags.user_id[0]", detail),
        to=jmespath.search("mail.commonHeaders.to || mail.destination", detail) or [],
        passing=jmespath.search("bounce.bounceType", detail) == "Transient",
        failed=dict(_failure(recipient, reason) for recipient in recipients),
    )


def _failure(recipient: Mapping[str, Any], reason: str) -> tuple[str, str]:
    """Return an address and why it failed, with what the other mail server said where it did."""
    address, answer = recipient.get("emailAddress"), recipient.get("diagnosticCode")
    if not isinstance(address, str):
        raise MalformedEvent("emailAddress", "text", address)
    return address, f"{reason}: {answer}" if answer else reason
