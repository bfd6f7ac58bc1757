"""Detaches the policy from single users who are exempted or deleted, and from all users when the stack is deleted."""

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent

from aws import clients
from aws.lambda_ import account_of
from aws.sqs.batch import take_batch
from domain.api_call import Ignored
from domain.enforcement.release_request import ReleaseRequest
from domain.enrolment.window_request import WindowRequest
from release.adapters import Adapters
from release.event import FailedDeletion, read_fact
from release.reopening import reopen_user
from release.settings import Settings
from release.stack_event import on_stack_event
from release.user import detach_for_deletion, release_exempt_user

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Made while the worker starts, with a full processor: on the first call it would take ten times as long.
clients.iam()

# Enough even if every call of a message is throttled twice.
_LONGEST_MESSAGE = timedelta(seconds=25)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse | None":
    """Handle a batch from the queue (messages that fail return to it, one by one), or an event of the stack itself."""
    if "RequestType" in event:
        on_stack_event(CloudFormationCustomResourceEvent(event), os.environ, context)
        return None
    adapters = Adapters(Settings.from_environment(os.environ), account_of(context))
    logger.append_keys(account=adapters.account.number)
    return take_batch(event, context, partial(release, adapters=adapters), longest=_LONGEST_MESSAGE)


def release(record: "SQSRecord", adapters: Adapters) -> None:
    """Read one message, decide, act."""
    now = datetime.now(UTC)
    match read_fact(record.body, adapters.account.number):
        case Ignored(reason):
            logger.info("Message ignored", reason=reason)
        case ReleaseRequest() as request:
            if request.after:
                logger.set_correlation_id(request.after.event_id)
            release_exempt_user(request, adapters, now)
        case WindowRequest() as reopening:
            reopen_user(reopening, adapters, now)
        case FailedDeletion() as deletion:
            logger.set_correlation_id(deletion.call.event_id)
            detach_for_deletion(deletion, adapters, now)
