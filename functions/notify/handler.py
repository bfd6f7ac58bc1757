"""Sends mail to users: reminders, and mails about a new password, a new device or the removal of the last one."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.ses.quota import WORKERS
from aws.ses.sender import MailNotSent, RenderedMail
from aws.sqs.batch import TooEarly, take_batch
from domain.api_call import Ignored
from domain.enforcement.enforcement_message import EnforcementMessage
from domain.mail.decision import (
    AccountEvent,
    CurrentUser,
    Mail,
    NoMail,
    NotYet,
    decide_account_event_mail,
    decide_enforcement_mail,
    decide_reminder_mail,
)
from domain.mail.delivery_failures import AddressFailure, DeliveryReport, NoFailure, address_failure_of
from domain.reminders.message import ReminderMessage
from notify.adapters import Adapters
from notify.delivery import Delivery
from notify.message import read_message
from notify.rendering import BrokenTemplate, render
from notify.settings import Settings
from notify.templates import report

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Made while the worker starts, with a full processor: on the first call it would take ten times as long.
clients.paced_iam(WORKERS)

_METRICS = {
    Delivery.SENT: "MailsSent",
    Delivery.SENT_TO_PERSON_ONLY: "MailsSent",
    Delivery.NOT_CLAIMED: "MailsNotClaimed",
    Delivery.REFUSED: "MailsRefused",
    Delivery.UNCONFIRMED: "MailsUnconfirmed",
}

# A mail that is interrupted between its claim and SES's answer is lost, so none is started without this much time.
_LONGEST_MAIL = timedelta(seconds=25)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Handle a batch from the queue; messages that fail return to it, one by one."""
    adapters = Adapters(Settings.from_environment(os.environ), context.invoked_function_arn)
    logger.append_keys(account=adapters.account.number)
    handle = partial(notify, adapters=adapters, context=context)
    return take_batch(event, context, handle, longest=_LONGEST_MAIL)


def notify(record: "SQSRecord", adapters: Adapters, context: "LambdaContext") -> None:
    """Read one message, decide, act."""
    match read_message(record.body, adapters.account.number):
        case Ignored(reason):
            logger.info("Message ignored", reason=reason)
        case DeliveryReport() as report:
            remember(report, adapters)
        case due:
            write(due, adapters, partial(has_time, context))


def has_time(context: "LambdaContext") -> bool:
    """Return whether there is time for another mail."""
    return timedelta(milliseconds=context.get_remaining_time_in_millis()) >= _LONGEST_MAIL


def write(
    due: ReminderMessage | EnforcementMessage | AccountEvent, adapters: Adapters, has_time: Callable[[], bool]
) -> None:
    """Send the mail if it is still due and a sender is set."""
    logger.set_correlation_id(due.cause)
    if not adapters.settings.sender:
        logger.info("No mail: no sender is set", user_name=due.user_name, cause=due.cause)
        metrics.add_metric("MailsWithoutSender", MetricUnit.Count, 1)
        return
    match decide(due, adapters):
        case NotYet() as reason:
            raise TooEarly(reason)
        case NoMail() as reason:
            logger.info("No mail", user_name=due.user_name, cause=due.cause, reason=reason)
            metrics.add_metric("MailsNotNeeded", MetricUnit.Count, 1)
        case mail if adapters.settings.dry_run:
            logger.info("Mail would be sent", user_name=mail.user_name, user_id=mail.user_id, cause=mail.cause)
        case mail:
            send(mail, adapters, has_time)


def decide(due: ReminderMessage | EnforcementMessage | AccountEvent, adapters: Adapters) -> Mail | NoMail | NotYet:
    """Read the user from IAM, and decide."""
    user = adapters.users.user(due.user_name, either_way=True)
    # The devices are read last, so that a user who has just registered one is not reminded.
    current = CurrentUser(user, adapters.devices.serial_numbers_of(due.user_name) or () if user else ())
    rules, now = adapters.settings.rules, datetime.now(UTC)
    match due:
        case ReminderMessage():
            return decide_reminder_mail(due, current, rules, now)
        case EnforcementMessage():
            return decide_enforcement_mail(due, current, rules, now)
        case AccountEvent():
            return decide_account_event_mail(due, current, rules, now)


def send(mail: Mail, adapters: Adapters, has_time: Callable[[], bool]) -> None:
    """Send the mail, and log and count the outcome."""
    try:
        delivery = adapters.delivery.deliver(mail, partial(rendered, adapters=adapters), has_time)
    except MailNotSent:
        metrics.add_metric("MailsNotSent", MetricUnit.Count, 1)
        raise
    logger.info(delivery, user_name=mail.user_name, user_id=mail.user_id, cause=mail.cause)
    metrics.add_metric(_METRICS[delivery], MetricUnit.Count, 1)


def rendered(mail: Mail, adapters: Adapters) -> RenderedMail:
    """Render the mail; if a template of ops is broken, report that and use the built-in templates alone."""
    settings = adapters.settings
    about = (mail, adapters.named_account, settings.contact)
    try:
        return adapters.templates.render(*about, help_url=settings.help_url, reply_to=settings.reply_to)
    except BrokenTemplate as fault:
        report(fault)
    return render(*about, help_url=settings.help_url, reply_to=settings.reply_to)


def remember(report: DeliveryReport, adapters: Adapters) -> None:
    """Remember an address that failed, for the digest."""
    match address_failure_of(report):
        case NoFailure() as reason:
            logger.info("Delivery report ignored", reason=reason)
        case AddressFailure() as failure if not adapters.settings.dry_run:
            known = adapters.claims.remember(failure)
            logger.info("Mail did not arrive", user_id=failure.user_id, reason=failure.reason, known=known)
    metrics.add_metric("MailsReturned", MetricUnit.Count, 1)
