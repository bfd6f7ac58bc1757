"""Reminds people who have no MFA, and tells ops who is left."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.account_reader import AccountReader
from aws.dynamodb.people_table import PeopleTable
from aws.s3 import ReportBucket
from aws.ses.quota import SendingAccount
from aws.sns import OpsTopic
from aws.sqs.queues import QueueRefused, ReminderQueue
from domain.contact.addresses import Unreachable
from domain.enrolment.record import EnrolmentStatus, RecordChange
from domain.enrolment.totals import RunTotals, totals_of
from domain.mail.ses_status import NoSending, SendingState
from domain.reminders.message import ReminderKind
from domain.reminders.plan import ReminderOutcome
from remind.settings import Settings
from remind.survey import Survey, survey
from reports.audit.page import audit_page
from reports.audit.report import audit_report_of
from reports.audit.table import audit_csv
from reports.digest.digest import ReminderRun, digest_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Made while the worker starts: the first call would wait for it ten times as long, with a fraction of a processor.
clients.paced_iam()

# What is left of Lambda's time once the looking is over: enough to write, to queue and to tell for 5,000 people.
_RESERVE_MILLISECONDS = 240_000


class RunIncomplete(RuntimeError):
    """Some reminders are left for the next run because something failed; the digest says what."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    """Run once, whatever the schedule's payload; return the totals. Run again, it reminds nobody again."""
    settings = Settings.from_environment(os.environ)
    now = datetime.now(settings.time_zone)
    table = PeopleTable(clients.dynamodb(), settings.people_table)
    found = survey(
        AccountReader.of(clients.paced_iam(), table, policy_arn=settings.policy_arn, group_name=settings.group_name),
        settings,
        now,
        has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
        sending=sending_state(settings),
    )
    earlier = earlier_try(found, context)
    found = replace(found, runs=tuple(run for run in found.runs if run is not earlier))
    outcome = found.outcome if settings.dry_run else remind(found, settings, table)
    run = run_of(found, outcome, settings, context, at=earlier.at if earlier else now.astimezone(UTC))
    record(run)
    finish(run, found, settings, table, published=earlier is not None and earlier.published)
    # What the alarm on its absence waits for: nothing comes after it.
    metrics.add_metric("ReminderRunsCompleted", MetricUnit.Count, 1)
    return {**run.totals.counts, "reminders": len(outcome.queued)}


def sending_state(settings: Settings) -> SendingState | NoSending:
    """Return whether mail can be sent at all."""
    if not settings.sender:
        return NoSending.NO_SENDER
    return SendingAccount(clients.sesv2(settings.ses_region)).state(settings.sender)


def earlier_try(found: Survey, context: "LambdaContext") -> RunTotals | None:
    """Return the totals that an earlier try of this run has kept: Lambda keeps the id when it tries again."""
    return next((run for run in found.runs if run.request == context.aws_request_id), None)


def run_of(
    found: Survey, outcome: ReminderOutcome, settings: Settings, context: "LambdaContext", *, at: datetime
) -> ReminderRun:
    """Put together what the digest follows from."""
    return ReminderRun(
        account=context.invoked_function_arn.split(":")[4],
        snapshot=found.snapshot,
        totals=totals_of(found.snapshot, settings.cadence.escalate_after, at, context.aws_request_id),
        before=found.runs[-1] if found.runs else None,
        outcome=outcome,
        sending=found.sending,
        report_made=found.report_made,
        escalate_after=settings.cadence.escalate_after,
        dry_run=settings.dry_run,
        unreadable=found.unreadable,
    )


def remind(found: Survey, settings: Settings, table: PeopleTable) -> ReminderOutcome:
    """Remember first, so that nobody is reminded without being counted; then queue.

    A person whose item cannot be written waits for the next run, and keeps nobody else from being reminded.
    """
    unremembered = {
        change.after.user_id: change.after.user_name for change in found.snapshot.changes if not follow(change, table)
    }
    wanted = [message for message in found.outcome.queued if message.user_id not in unremembered]
    try:
        queued = ReminderQueue(clients.sqs(), settings.mail_queue_url).send(wanted)
    except QueueRefused as error:
        logger.exception("Reminders were not queued")
        queued = error.queued
    names = tuple(unremembered.values())
    return replace(found.outcome, queued=queued, refused=len(wanted) - len(queued), unremembered=names)


def follow(change: RecordChange, table: PeopleTable) -> bool:
    """Write what changed of one person; tell whether the table took it."""
    try:
        table.follow(change)
    except (ClientError, BotoCoreError):
        logger.exception("Person not remembered", user_name=change.after.user_name, user_id=change.after.user_id)
        return False
    return True


def finish(run: ReminderRun, found: Survey, settings: Settings, table: PeopleTable, *, published: bool) -> None:
    """Keep totals and report, and tell ops once; each is tried, whatever becomes of the others.

    A dry run only tells, and has nothing to make up for. Raises the first error, or RunIncomplete.
    """
    topic = OpsTopic(clients.sns(), settings.ops_topic_arn)
    if settings.dry_run:
        topic.publish(digest_of(run))
        return
    expires = run.totals.at + timedelta(days=settings.report_retention_days)
    steps: list[Callable[[], object]] = [
        lambda: table.keep(replace(run.totals, published=published), expires),
        lambda: keep_report(run, found, settings),
    ]
    if not published:
        steps.append(lambda: publish_digest(run, topic, table, expires))
    attempt(steps)
    if not run.outcome.complete:
        raise RunIncomplete


def publish_digest(run: ReminderRun, topic: OpsTopic, table: PeopleTable, expires: datetime) -> None:
    """Tell ops, and remember that, so that another try of the run does not tell them again."""
    topic.publish(digest_of(run))
    table.keep(replace(run.totals, published=True), expires)


def attempt(steps: list[Callable[[], object]]) -> None:
    """Take every step; raise the first error when all have been tried."""
    errors: list[ClientError | BotoCoreError] = []
    for step in steps:
        try:
            step()
        except (ClientError, BotoCoreError) as error:
            logger.exception("A step of the run failed")
            errors.append(error)
    if errors:
        raise errors[0]


def keep_report(run: ReminderRun, found: Survey, settings: Settings) -> None:
    """Keep what the auditor asks for; the report of a run that is tried again replaces the one before."""
    at = run.totals.at
    report = audit_report_of(
        run.snapshot,
        (*found.runs, run.totals),
        account=run.account,
        report_made=run.report_made,
        escalate_after=run.escalate_after,
    )
    bucket = ReportBucket(clients.s3(), settings.report_bucket)
    key = bucket.keep(at, table=audit_csv(report), page=audit_page(report))
    logger.info("Audit report kept", key=key)


def record(run: ReminderRun) -> None:
    """Log each reminder and count what the dashboard shows."""
    for message in run.outcome.queued:
        logger.info("Reminder planned", user_name=message.user_name, user_id=message.user_id, cause=message.cause)
    able = [person for person in run.snapshot.with_status(EnrolmentStatus.UNENROLLED) if not person.key_only]
    numbers: dict[str, Any] = {
        "UsersDormant": run.totals.counts[EnrolmentStatus.DORMANT],
        "UsersUnknown": run.totals.counts[EnrolmentStatus.UNKNOWN],
        "UsersUnreachable": sum(isinstance(person.recipient, Unreachable) for person in able),
        "RemindersPlanned": len(run.outcome.queued),
        "Escalations": sum(message.kind is ReminderKind.ESCALATION for message in run.outcome.queued),
    }
    if run.report_made is not None:
        # Without a report a curve that falls to nothing would look as if everybody had enrolled.
        numbers["UsersEnrolled"] = run.totals.counts[EnrolmentStatus.ENROLLED]
        numbers["UsersUnenrolled"] = run.totals.counts[EnrolmentStatus.UNENROLLED]
    for name, number in numbers.items():
        metrics.add_metric(name, MetricUnit.Count, number)
    logger.info("Run done", dry_run=run.dry_run, complete=run.outcome.complete, **numbers)
