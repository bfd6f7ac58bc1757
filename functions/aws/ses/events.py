"""What SES reports about a mail that it had taken, as EventBridge hands it over.

The shape is that of "Contents of event data that Amazon SES publishes" inside "SES events schema reference".
"""

from collections.abc import Mapping
from enum import StrEnum

from aws.cloudtrail import MalformedEvent
from domain.input.fields import Fields, is_user_id
from domain.mail.delivery_failures import DeliveryReport


class _Kind(StrEnum):
    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    REJECT = "Reject"


def read_delivery_report(body: str) -> DeliveryReport:
    """Read a queue message that holds a whole EventBridge event; raises MalformedEvent."""
    event = Fields.of(body, MalformedEvent)
    kind = event.one_of(_Kind, "detail.eventType")
    failed = _FAILED[kind](event)
    if not failed:
        raise MalformedEvent("detail", f"whom the {kind} is about", failed)
    return DeliveryReport(
        user_id=_user_id(event),
        to=event.texts("detail.mail.commonHeaders.to") or event.texts("detail.mail.destination"),
        transient=event.find("detail.bounce.bounceType") == "Transient",
        failed=failed,
    )


def _user_id(event: Fields) -> str | None:
    """Return what `notify` tags its mails with, None where it is no user's id; SES hands over each tag as a list."""
    ids = event.texts("detail.mail.tags.user_id")
    return ids[0] if ids and is_user_id(ids[0]) else None


def _bounced(event: Fields) -> Mapping[str, str]:
    """Return whose mail bounced and why, with what the other mail server said where it did."""
    kinds = map(event.first_text, ("detail.bounce.bounceType", "detail.bounce.bounceSubType"))
    why = _joined("bounced", *kinds)
    failed = event.objects("detail.bounce.bouncedRecipients")
    return {
        of.text("emailAddress"): f"{why}: {said}" if (said := of.first_text("diagnosticCode")) else why for of in failed
    }


def _complained(event: Fields) -> Mapping[str, str]:
    """Return who may have complained.

    Most providers keep back who it was, so SES names every recipient at the provider ("Complained recipients").
    """
    named = event.objects("detail.complaint.complainedRecipients")
    one_of = "by one of its recipients" if len(named) > 1 else None
    why = _joined("complained of as spam", event.first_text("detail.complaint.complaintFeedbackType"), one_of)
    return {recipient.text("emailAddress"): why for recipient in named}


def _rejected(event: Fields) -> Mapping[str, str]:
    """Return the recipients of the mail; none of them got it."""
    why = _joined("rejected", event.first_text("detail.reject.reason"))
    return dict.fromkeys(event.texts("detail.mail.destination"), why)


_FAILED = {_Kind.BOUNCE: _bounced, _Kind.COMPLAINT: _complained, _Kind.REJECT: _rejected}


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)
