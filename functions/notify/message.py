"""Reads a queue message: a reminder, an account event, or a report about an earlier mail."""

import re
from dataclasses import replace

from aws.cloudtrail import MalformedEvent, RecordedCall
from aws.ses.events import read_delivery_report
from domain.api_call import Ignored
from domain.enforcement.enforcement_message import (
    EnforcementMailKind,
    EnforcementMessage,
    MalformedEnforcementMessage,
)
from domain.input.fields import Fields, is_user_name
from domain.mail.decision import AccountEvent, MailKind
from domain.mail.delivery_failures import DeliveryReport
from domain.reminders.message import ReminderMessage

_KINDS = {
    "CreateLoginProfile": MailKind.WELCOME,
    "EnableMFADevice": MailKind.ENROLLED,
    "DeactivateMFADevice": MailKind.DEVICE_REMOVED,
}

# "SerialNumber" in EnableMFADevice of the IAM API Reference.
_SERIAL_NUMBER = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)


def read_message(
    body: str, account: str
) -> ReminderMessage | EnforcementMessage | AccountEvent | DeliveryReport | Ignored:
    """Read a message; raises MalformedReminder, MalformedEnforcementMessage or MalformedEvent with the field's name."""
    message = Fields.of(body, MalformedEvent)
    if "detail" not in message.values:
        planned = _planned_mail(body, message)
        return planned if planned.account in {None, account} else Ignored(f"the mail is about {planned.account}")
    if message.find("detail.mail") is not None:
        return read_delivery_report(body)
    return read_account_event(RecordedCall.from_message(body), account)


def _planned_mail(body: str, message: Fields) -> ReminderMessage | EnforcementMessage:
    if message.find("kind") in tuple(EnforcementMailKind):
        return EnforcementMessage.read(replace(message, malformed=MalformedEnforcementMessage))
    return ReminderMessage.from_json(body)


def read_account_event(call: RecordedCall, account: str) -> AccountEvent | Ignored:
    """Read the account event in a call; raises MalformedEvent."""
    reason = call.ignored_because(_KINDS, account)
    if reason:
        return Ignored(reason)
    kind = _KINDS[call.name]
    name = _user_name(call)
    # For root's own device, CloudTrail gives "AWS ROOT USER" as the name.
    if name is None or not is_user_name(name):
        return Ignored("the call was not about a user")
    device = None if kind is MailKind.WELCOME else _serial_number(call)
    # The day allows old causes to be removed: a person's item has room for only some thousands.
    return AccountEvent(kind, f"{kind}#{call.at.date()}#{call.event_id}", name, call.at, device)


def _user_name(call: RecordedCall) -> str | None:
    """Return the user that the call was about: the caller, if the request has no name.

    Check the caller's type, because root's name is the account's alias ("CloudTrail userIdentity element").
    """
    named = call.optional_text("detail.requestParameters.userName")
    if named is None and call.optional_text("detail.userIdentity.type") == "IAMUser":
        return call.optional_text("detail.userIdentity.userName")
    return named


def _serial_number(call: RecordedCall) -> str | None:
    """Return the device's serial number; for a passkey the request may have none, because IAM assigns it."""
    serial_number = call.optional_text("detail.requestParameters.serialNumber")
    return serial_number if serial_number and _SERIAL_NUMBER.fullmatch(serial_number) else None
