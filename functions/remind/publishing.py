"""The results of a run: totals, the audit report, the digest, log entries and metrics."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from domain.contact.addresses import Unreachable
from domain.enrolment.record import EnrolmentStatus
from domain.reminders.message import ReminderKind
from reports.audit.page import audit_page
from reports.audit.report import audit_report_of
from reports.audit.table import audit_csv
from reports.digest.digest import ReminderRun, digest_of

if TYPE_CHECKING:
    from remind.adapters import Adapters
    from remind.reading import RunReading

logger = Logger()
metrics = Metrics()


class RunIncomplete(RuntimeError):
    """A failure left some reminders for the next run; the digest says which failure."""


def finish(run: ReminderRun, reading: "RunReading", adapters: "Adapters") -> None:
    """Store the totals and the report, and publish the digest once; each is tried even if another fails.

    A dry run only publishes the digest, and never counts as incomplete. Raises the first error, or RunIncomplete.
    """
    if adapters.settings.dry_run:
        adapters.topic.publish(digest_of(run))
        return
    published = reading.retried is not None and reading.retried.published
    expires = run.totals.at + timedelta(days=adapters.settings.report_retention_days)
    steps: list[Callable[[], object]] = [
        lambda: adapters.people.keep(replace(run.totals, published=published), expires),
        lambda: keep_report(run, reading, adapters),
    ]
    if not published:
        steps.append(lambda: publish_digest(run, adapters, expires))
    attempt(steps)
    if not run.outcome.complete:
        raise RunIncomplete


def publish_digest(run: ReminderRun, adapters: "Adapters", expires: datetime) -> None:
    """Publish the digest, and record that, so that a retry of the run does not publish it again."""
    adapters.topic.publish(digest_of(run))
    adapters.people.keep(replace(run.totals, published=True), expires)


def attempt(steps: list[Callable[[], object]]) -> None:
    """Run every step; raise the first error after all have been tried."""
    errors: list[ClientError | BotoCoreError] = []
    for step in steps:
        try:
            step()
        except (ClientError, BotoCoreError) as error:
            logger.exception("A step of the run failed")
            errors.append(error)
    if errors:
        raise errors[0]


def keep_report(run: ReminderRun, reading: "RunReading", adapters: "Adapters") -> None:
    """Store the audit report; the report of a retried run replaces the previous one."""
    report = audit_report_of(
        run.snapshot,
        (*reading.runs, run.totals),
        account=run.account,
        report_made=run.report_made,
        escalate_after=run.escalate_after,
    )
    key = adapters.reports.keep(run.totals.at, table=audit_csv(report), page=audit_page(report))
    logger.info("Audit report stored", key=key)


def record_totals(run: ReminderRun) -> None:
    """Log each reminder and emit the dashboard's metrics."""
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
        # Without a report, the curve would fall to zero as if everybody had enrolled.
        numbers["UsersEnrolled"] = run.totals.counts[EnrolmentStatus.ENROLLED]
        numbers["UsersUnenrolled"] = run.totals.counts[EnrolmentStatus.UNENROLLED]
    for name, number in numbers.items():
        metrics.add_metric(name, MetricUnit.Count, number)
    logger.info("Run done", dry_run=run.dry_run, complete=run.outcome.complete, **numbers)
