"""Reminds people who have no MFA, and publishes the digest to ops."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.lambda_ import account_of
from aws.sqs.queues import MailMessage, QueueRefused
from domain.enforcement.enforcement_message import EnforcementMessage
from domain.enrolment.totals import totals_of
from domain.enrolment.window_request import WindowChange
from domain.reminders.message import ReminderMessage
from remind.adapters import Adapters
from remind.publishing import finish, record_totals
from remind.reading import read_account
from remind.settings import Settings
from reports.digest.digest import ReminderRun

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.enrolment.record import RecordChange
    from domain.enrolment.window_request import WindowRequest
    from domain.reminders.plan import ReminderOutcome
    from remind.reading import RunReading

logger = Logger()
metrics = Metrics()
# Made while the worker starts, with a full processor: on the first call it would take ten times as long.
clients.paced_iam()

# Time reserved for writes, the queue and the digest: enough for 5,000 people.
_RESERVE_MILLISECONDS = 240_000


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    """Run once, for any payload, and return the totals; a second run reminds nobody twice."""
    adapters = Adapters(Settings.from_environment(os.environ), account_of(context))
    logger.append_keys(account=adapters.account.number)
    now, request = datetime.now(adapters.settings.time_zone), context.aws_request_id
    reading = read_account(adapters, now, request, has_time=lambda: has_time(context))
    run = run_of(reading, remind(reading, adapters), adapters, at=now.astimezone(UTC), request=request)
    record_totals(run)
    finish(run, reading, adapters)
    # The alarm on missing runs waits for this metric, so nothing may fail after it.
    metrics.add_metric("ReminderRunsCompleted", MetricUnit.Count, 1)
    return {**run.totals.counts, "reminders": len(run.outcome.queued)}


def has_time(context: "LambdaContext") -> bool:
    """Return whether there is time to read the devices of another person."""
    return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS


def remind(reading: "RunReading", adapters: Adapters) -> "ReminderOutcome":
    """Write the records, then queue the reminders, so that every queued one is counted. A dry run does neither.

    A person whose item cannot be written waits for the next run; the others are still reminded.
    """
    if adapters.settings.dry_run:
        return reading.outcome
    unremembered = {
        change.after.user_id: change.after.user_name
        for change in reading.snapshot.changes
        if not remember(change, adapters)
    }
    reminders = [replace(message, account=adapters.account.number) for message in reading.outcome.queued]
    planned: tuple[MailMessage, ...] = (*reminders, *reading.outcome.announced)
    due = [message for message in planned if message.user_id not in unremembered]
    try:
        queued = adapters.queue.send(due)
    except QueueRefused as error:
        logger.exception("Reminders were not queued")
        queued = error.queued
    requested = [request for request in reading.outcome.window_requests if ask(request, adapters)]
    return replace(
        reading.outcome,
        window_requests=tuple(requested),
        unrequested=len(reading.outcome.window_requests) - len(requested),
        queued=tuple(message for message in queued if isinstance(message, ReminderMessage)),
        announced=tuple(message for message in queued if isinstance(message, EnforcementMessage)),
        refused=len(due) - len(queued),
        unremembered=tuple(unremembered.values()),
    )


def ask(request: "WindowRequest", adapters: Adapters) -> bool:
    """Queue a request to close or reopen a user; return False if that failed."""
    queue = adapters.closings if request.change is WindowChange.CLOSE else adapters.reopenings
    try:
        queue.ask(request)
    except (ClientError, BotoCoreError):
        logger.exception("Request not queued", user_name=request.user_name, user_id=request.user_id)
        return False
    logger.info("Change requested", change=request.change, user_name=request.user_name, user_id=request.user_id)
    return True


def remember(change: "RecordChange", adapters: Adapters) -> bool:
    """Write one person's changed record; return False if that failed."""
    try:
        adapters.people.follow(change)
    except (ClientError, BotoCoreError):
        logger.exception("Record not written", user_name=change.after.user_name, user_id=change.after.user_id)
        return False
    return True


def run_of(
    reading: "RunReading", outcome: "ReminderOutcome", adapters: Adapters, *, at: datetime, request: str
) -> ReminderRun:
    """Return the run that the digest is written from; a retried run keeps its time."""
    escalate_after = adapters.settings.cadence.escalate_after
    at = reading.retried.at if reading.retried else at
    return ReminderRun(
        account=adapters.account.number,
        snapshot=reading.snapshot,
        totals=totals_of(reading.snapshot, escalate_after, at, request),
        before=reading.runs[-1] if reading.runs else None,
        outcome=outcome,
        sending=reading.sending,
        report_made=reading.report_made,
        escalate_after=escalate_after,
        dry_run=adapters.settings.dry_run,
        unreadable=reading.unreadable,
    )
