"""Ops are told of an exemption and its caller from the event itself, whether or not the policy was on the user."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from aws import clients
from aws.dynamodb.enforcement_table import UserFlagWriter
from domain.enforcement.decision import MalformedExemption, exemption_granted
from enforce.attaching import daily_notices
from reports.enforcement_notices import exempted, malformed_exemption

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.users import User
    from enforce.settings import Settings

logger = Logger()


def publish_exemption(user: "User", call: "ApiCall", settings: "Settings", now: datetime) -> None:
    """Tell ops once of a call that exempted a user, or that was meant to; the user has only what the call set.

    A user who is known by id is remembered as told, so that the sweep does not tell the same without the caller.
    """
    exemption = exemption_granted(user, settings.exemptions, now.date())
    if exemption is None:
        return
    logger.info("Exemption granted", user_name=user.name, call=call.name, caller=call.caller, exemption=exemption)
    if settings.dry_run:
        return
    if isinstance(exemption, MalformedExemption):
        daily_notices(settings).publish(malformed_exemption(user, exemption.value, call), call.event_id, now)
        return
    daily_notices(settings).publish(exempted(user, exemption, call), call.event_id, now)
    if user.user_id:
        UserFlagWriter(clients.dynamodb(), settings.marks_table).record_exemption(user.user_id, exemption.summary)
