"""SES's report about a mail that it accepted, as EventBridge delivers it.

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
    """Read a queue message that contains a whole EventBridge event; raises MalformedEvent."""
    event = Fields.of(body, MalformedEvent)
    kind = event.one_of(_Kind, "detail.eventType")
    failed = _FAILED[kind](event)
    if not failed:
        raise MalformedEvent("detail", f"the recipients of the {kind}", failed)
    return DeliveryReport(
        user_id=_user_id(event),
        to=event.texts("detail.mail.commonHeaders.to") or event.texts("detail.mail.destination"),
        transient=event.find("detail.bounce.bounceType") == "Transient",
        failed=failed,
    )


def _user_id(event: Fields) -> str | None:
    """Return the user id that `notify` tags its mails with, None if it is not one; SES delivers tags as lists."""
    ids = event.texts("detail.mail.tags.user_id")
    return ids[0] if ids and is_user_id(ids[0]) else None


def _bounced(event: Fields) -> Mapping[str, str]:
    """Return the addresses that bounced and why, with the other mail server's answer if there is one."""
    kinds = map(event.first_text, ("detail.bounce.bounceType", "detail.bounce.bounceSubType"))
    why = _joined("bounced", *kinds)
    failed = event.objects("detail.bounce.bouncedRecipients")
    return {
        recipient.text("emailAddress"): f"{why}: {diagnosis}"
        if (diagnosis := recipient.first_text("diagnosticCode"))
        else why
        for recipient in failed
    }


def _complained(event: Fields) -> Mapping[str, str]:
    """Return the recipients who may have complained.

    Most providers do not say who it was, so SES names every recipient at the provider ("Complained recipients").
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
