"""Writes to people: to whoever has no MFA, and to whoever just got a password or a device, or lost the last one."""

import os
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.ses.quota import WORKERS
from aws.ses.sender import MailNotSent
from aws.sqs.batch import TooEarly, take_batch
from domain.mail.decision import AccountEvent, Mail, NoMail, NotYet
from domain.mail.delivery_failures import AddressFailure, DeliveryReport, NoFailure, address_failure_of
from domain.reminders.message import ReminderMessage
from notify.batch import Batch
from notify.message import Ignored, read_message
from notify.post import Delivery
from notify.settings import Settings
from notify.wording import word

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Made while the worker starts: the first call would wait for it ten times as long, with a fraction of a processor.
clients.paced_iam(WORKERS)

_METRICS = {
    Delivery.SENT: "MailsSent",
    Delivery.SENT_TO_PERSON_ONLY: "MailsSent",
    Delivery.NOT_CLAIMED: "MailsNotClaimed",
    Delivery.REFUSED: "MailsRefused",
    Delivery.UNCONFIRMED: "MailsUnconfirmed",
}

# A mail that is cut off between its claim and SES's answer is lost, so none is begun without the time for it.
_LONGEST_MAIL = timedelta(seconds=25)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Take a batch from the queue; the messages that fail go back to it, one by one."""
    settings = Settings.from_environment(os.environ)
    batch = Batch(settings, context.invoked_function_arn)
    handle = partial(notify, settings=settings, batch=batch, context=context)
    return take_batch(event, context, handle, longest=_LONGEST_MAIL)


def notify(record: "SQSRecord", settings: Settings, batch: Batch, context: "LambdaContext") -> None:
    """Read one message, decide, act."""
    match read_message(record.body, batch.number):
        case Ignored(reason):
            logger.info("Nobody to tell", reason=reason)
        case DeliveryReport() as feedback:
            remember(feedback, settings, batch)
        case due:
            write(due, settings, batch, partial(has_time, context))


def has_time(context: "LambdaContext") -> bool:
    """Tell whether there is still the time for a mail."""
    return timedelta(milliseconds=context.get_remaining_time_in_millis()) >= _LONGEST_MAIL


def write(due: ReminderMessage | AccountEvent, settings: Settings, batch: Batch, has_time: Callable[[], bool]) -> None:
    """Write to the person, if there is reason to and mail is sent at all."""
    logger.set_correlation_id(due.cause)
    if not settings.sender:
        logger.info("No mail: no sender is set", user_name=due.user_name, cause=due.cause)
        metrics.add_metric("MailsWithoutSender", MetricUnit.Count, 1)
        return
    match batch.decide(due):
        case NotYet() as reason:
            raise TooEarly(reason)
        case NoMail() as reason:
            logger.info("No mail", user_name=due.user_name, cause=due.cause, reason=reason)
            metrics.add_metric("MailsNotNeeded", MetricUnit.Count, 1)
        case mail if settings.dry_run:
            logger.info("Mail would be sent", user_name=mail.user_name, user_id=mail.user_id, cause=mail.cause)
        case mail:
            send(mail, settings, batch, has_time)


def send(mail: Mail, settings: Settings, batch: Batch, has_time: Callable[[], bool]) -> None:
    """Send the mail, and say what became of it."""
    wording = partial(word, account=batch.account, contact=settings.contact)
    try:
        delivery = batch.post.deliver(mail, wording, has_time)
    except MailNotSent:
        metrics.add_metric("MailsNotSent", MetricUnit.Count, 1)
        raise
    logger.info(delivery, user_name=mail.user_name, user_id=mail.user_id, cause=mail.cause)
    metrics.add_metric(_METRICS[delivery], MetricUnit.Count, 1)


def remember(feedback: DeliveryReport, settings: Settings, batch: Batch) -> None:
    """Remember an address that failed, for the digest to show."""
    match address_failure_of(feedback):
        case NoFailure() as reason:
            logger.info("Mail came to nothing", reason=reason)
        case AddressFailure() as trouble if not settings.dry_run:
            known = batch.claims.remember(trouble)
            logger.info("Mail did not arrive", user_id=trouble.user_id, reason=trouble.reason, known=known)
    metrics.add_metric("MailsReturned", MetricUnit.Count, 1)
