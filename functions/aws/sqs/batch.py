"""How a function takes a batch from its queue: message by message, and only as long as there is time."""

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
    """What the message is about does not show yet: it goes back to the queue, and that is no failure."""


class TooLate(RuntimeError):
    """The run's time is nearly up: the message goes back to the queue as it came."""


def take_batch(
    event: dict[str, Any], context: "LambdaContext", handle: "Callable[[SQSRecord], None]", *, longest: timedelta
) -> "PartialItemFailureResponse":
    """Hand over each message; return those that failed, which go back to the queue one by one.

    None is begun with less time left than the longest may take. Lambda would cut it off, and send back the whole batch
    with it, the messages that were done too.
    """

    def handle_in_time(record: "SQSRecord") -> None:
        logger.set_correlation_id(record.message_id)
        if timedelta(milliseconds=context.get_remaining_time_in_millis()) < longest:
            raise TooLate
        handle(record)

    return process_partial_response(event=event, record_handler=handle_in_time, processor=_Processor())


class _Processor(BatchProcessor):
    """Powertools' processor, that says of each failure how many tries the message has had.

    Neither Lambda nor SQS does: a message that fails alone is no error of the function, and one that was received three
    times no longer counts for its queue's age ("Available CloudWatch metrics for Amazon SQS").
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
