"""Attaches the enforcement policy to users when they are created, and again when it is detached."""

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.cloudtrail import RecordedCall
from aws.lambda_ import account_of
from aws.sqs.batch import take_batch
from domain.api_call import Ignored
from domain.enrolment.window_request import WindowChange, WindowRequest, is_window_request
from enforce.adapters import Adapters
from enforce.changed_user import enforce_changed_user
from enforce.closing import ask_to_reopen, close_user
from enforce.event import EnforcementChanged, PasswordSet, UserChanged, UserCreated, read_fact
from enforce.new_user import enforce_new_user
from enforce.settings import Settings
from reports.enforcement_notices import enforcement_changed

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.api_call import ApiCall
    from reports.enforcement_notices import GroupUpdate

logger = Logger()
metrics = Metrics()
# Made while the worker starts, with a full processor: on the first call it would take ten times as long.
clients.iam()

# Enough even if every call of a message is throttled once.
_LONGEST_MESSAGE = timedelta(seconds=12)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Handle a batch of messages from a queue; those that fail return to it, one by one."""
    adapters = Adapters(Settings.from_environment(os.environ), account_of(context))
    logger.append_keys(account=adapters.account_number)
    return take_batch(event, context, partial(take, adapters=adapters), longest=_LONGEST_MESSAGE)


def take(record: "SQSRecord", adapters: Adapters) -> None:
    """Handle one message: a request to close a user, or a recorded call."""
    if is_window_request(record.body):
        take_window_request(WindowRequest.from_json(record.body), adapters)
    else:
        enforce(record, adapters)


def enforce(record: "SQSRecord", adapters: Adapters) -> None:
    """Read one recorded call, decide, act."""
    call = RecordedCall.from_message(record.body)
    logger.set_correlation_id(call.event_id)
    now = datetime.now(UTC)
    match read_fact(call, adapters.account_number):
        case Ignored(reason):
            logger.info("Event ignored", reason=reason)
        case UserCreated(user):
            tries = int(record.attributes.approximate_receive_count)
            enforce_new_user(user, call.to_api_call(), adapters, now, tries=tries)
        case UserChanged() as changed:
            enforce_changed_user(changed, call.to_api_call(), adapters, now)
        case PasswordSet(user_name):
            ask_to_reopen(user_name, call.to_api_call(), adapters)
        case EnforcementChanged(update):
            report_tampering(call.to_api_call(), update, adapters, now)


def take_window_request(request: WindowRequest, adapters: Adapters) -> None:
    """Close the user, if the request is one to close a user of this account."""
    if request.account != adapters.account_number or request.change is not WindowChange.CLOSE:
        logger.info("Message ignored", reason=f"the request is to {request.change} a user of {request.account}")
        return
    close_user(request, adapters, datetime.now(UTC))


def report_tampering(call: "ApiCall", update: "GroupUpdate | None", adapters: Adapters, now: datetime) -> None:
    """Notify ops once that the policy or the group is no longer what was deployed."""
    notice = enforcement_changed(call, adapters.settings.policy_arn, adapters.settings.policy_version, update)
    adapters.notices.publish(notice, call.event_id, now)
    logger.warning("Enforcement changed", call=call.name, caller=call.caller, address=call.address, at=call.at)
    metrics.add_metric("EnforcementChanges", MetricUnit.Count, 1)
