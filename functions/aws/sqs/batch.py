"""How a function handles a batch from its queue: message by message, and only while there is time."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.batch.base import FailureResponse
    from aws_lambda_powertools.utilities.batch.exceptions import ExceptionInfo
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()


class TooEarly(RuntimeError):
    """IAM does not show the message's subject yet: the message returns to the queue, and this is no failure."""


class TooLate(RuntimeError):
    """The run is nearly out of time: the message returns to the queue unhandled."""


def take_batch(
    event: dict[str, Any], context: "LambdaContext", handle: "Callable[[SQSRecord], None]", *, longest: timedelta
) -> "PartialItemFailureResponse":
    """Handle each message; return those that failed, which return to the queue one by one.

    No message is started with less time left than `longest`: Lambda would time out and return the whole batch,
    including the messages that were handled.
    """

    def handle_in_time(record: "SQSRecord") -> None:
        logger.set_correlation_id(record.message_id)
        if timedelta(milliseconds=context.get_remaining_time_in_millis()) < longest:
            raise TooLate
        handle(record)

    return process_partial_response(event=event, record_handler=handle_in_time, processor=_Processor())


class _Processor(BatchProcessor):
    """Powertools' processor, which also logs how many tries a failed message has had.

    Neither Lambda nor SQS shows it: one failed message is no error of the function, and a message that was received
    three times no longer counts for its queue's age ("Available CloudWatch metrics for Amazon SQS").
    """

    def __init__(self) -> None:
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)

    def failure_handler(self, record: "SQSRecord", exception: "ExceptionInfo") -> "FailureResponse":
        tries, error = int(record.attributes.approximate_receive_count or 1), exception[1]
        if isinstance(error, TooEarly):
            logger.info("Message waits", reason=str(error), tries=tries)
        else:
            logger.error("Message failed", exc_info=error, tries=tries)
            metrics.add_metric("TriesFailed", MetricUnit.Count, tries)
        return super().failure_handler(record, exception)
