"""Attaches the enforcement policy to users as they are created."""

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from aws import clients
from aws.cloudtrail import RecordedCall
from aws.enforcement import Enforcement, NoSuchUser
from domain.enforcement import Attach, LeaveAlone, Rules, decide_enforcement, may_still_appear
from domain.users import AccountUser, Standing
from enforce.event import NobodyCreated, UserCreated, read_created_user
from enforce.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.users import User

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(
    EventType.SQS,
    raise_on_entire_batch_failure=False,
    logger=logger,  # type: ignore[arg-type]  # Powertools' own Logger is none by type, only by behaviour
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Take a batch of recorded calls from the queue; those that fail go back to it, one by one."""
    settings = Settings.from_environment(os.environ)
    account = context.invoked_function_arn.split(":")[4]
    handle = partial(enforce, settings=settings, account=account)
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)


def enforce(record: "SQSRecord", settings: Settings, account: str) -> None:
    """Read one recorded call, decide, act."""
    logger.set_correlation_id(record.message_id)
    call = RecordedCall.from_message(record.body)
    logger.set_correlation_id(call.event_id)
    match read_created_user(call, account):
        case NobodyCreated(reason):
            logger.info("Nobody to enforce", reason=reason)
        case UserCreated(user):
            today = datetime.now(UTC).date()
            match decide_enforcement(AccountUser(user, Standing()), Rules(settings.exemptions), today=today):
                case Attach():
                    attach(
                        user, Enforcement(clients.iam(), settings.policy_arn, settings.group_name, settings.enforce_by)
                    )
                case LeaveAlone(_, reason, exemption):
                    logger.info(
                        "User left alone", user_name=user.name, reason=exemption.reason if exemption else reason
                    )
                    metrics.add_metric("NewUsersExempt", MetricUnit.Count, 1)


def attach(user: "User", enforcement: Enforcement) -> None:
    """Attach the policy; a user whom IAM does not know yet goes back to the queue, one who is gone is done."""
    try:
        means = enforcement.put_on(user.name)
    except NoSuchUser:
        if may_still_appear(user.created, now=datetime.now(UTC)):
            raise
        logger.info("User is gone", user_name=user.name)
        return
    delay = (datetime.now(UTC) - user.created).total_seconds()
    logger.info("Policy attached", user_name=user.name, user_id=user.user_id, by=means, seconds_after_creation=delay)
    metrics.add_metric("NewUsersEnforced", MetricUnit.Count, 1)
    metrics.add_metric("EnforcementDelay", MetricUnit.Seconds, delay)
