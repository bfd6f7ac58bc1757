"""The notices about one user, from the event itself."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from domain.enforcement.decision import MalformedExemption, exemption_granted
from reports.enforcement_notices import exempted, malformed_exemption, unenforceable

if TYPE_CHECKING:
    from domain.api_call import ApiCall
    from domain.users import User
    from enforce.adapters import Adapters

logger = Logger()
metrics = Metrics()


def publish_exemption(user: "User", call: "ApiCall", adapters: "Adapters", now: datetime) -> None:
    """Notify ops once of a call that exempted a user or was meant to; `user` has only what the call set.

    If the user's id is known, the exemption is recorded as published, so that the sweep does not publish it again
    without the caller.
    """
    exemption = exemption_granted(user, adapters.settings.exemptions, now.date())
    if exemption is None:
        return
    logger.info("Exemption granted", user_name=user.name, call=call.name, caller=call.caller, exemption=exemption)
    if adapters.settings.dry_run:
        return
    if isinstance(exemption, MalformedExemption):
        adapters.notices.publish(malformed_exemption(user, exemption.value, call), call.event_id, now)
        return
    adapters.notices.publish(exempted(user, exemption, call), call.event_id, now)
    if user.user_id:
        adapters.flag_writer.record_exemption(user.user_id, exemption.summary)


def publish_unenforceable(user: "User", adapters: "Adapters", now: datetime) -> None:
    """Alarm ops: neither method can attach the policy. The sweep tries again every hour."""
    logger.error("User cannot be enforced", user_name=user.name, user_id=user.user_id)
    metrics.add_metric("NewUsersUnenforceable", MetricUnit.Count, 1)
    adapters.notices.publish(unenforceable([user]), user.user_id, now)
