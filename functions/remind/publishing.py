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
from reports.digest.links import Console, Links

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
        adapters.topic.publish(digest_of(run, adapters.settings.rules, links_to(None, adapters)))
        return
    published = reading.retried is not None and reading.retried.published
    expires = run.totals.at + timedelta(days=adapters.settings.report_retention_days)
    attempts = Attempts()
    attempts.at(lambda: adapters.people.keep(replace(run.totals, published=published), expires))
    report = attempts.at(lambda: keep_report(run, reading, adapters))
    if not published:
        attempts.at(lambda: publish_digest(run, report, adapters, expires))
    attempts.end()
    if not run.outcome.complete:
        raise RunIncomplete


def publish_digest(run: ReminderRun, report: str | None, adapters: "Adapters", expires: datetime) -> None:
    """Publish the digest, and record that, so that a retry of the run does not publish it again.

    `report` is the key of the stored page, None if it could not be stored.
    """
    adapters.topic.publish(digest_of(run, adapters.settings.rules, links_to(report, adapters)))
    adapters.people.keep(replace(run.totals, published=True), expires)


def links_to(report: str | None, adapters: "Adapters") -> Links:
    """Return the links of the digest; the topic's ARN names the partition and the Region of the stack."""
    settings = adapters.settings
    console = Console.of(settings.ops_topic_arn)
    return Links(
        report=console.object_url(settings.report_bucket, report) if report else None,
        dashboard=console.dashboard_url(settings.dashboard_name),
    )


class Attempts:
    """Steps of a run that are tried one after the other, even if one of them fails."""

    def __init__(self) -> None:
        self._errors: list[ClientError | BotoCoreError] = []

    def at[Result](self, step: Callable[[], Result]) -> Result | None:
        """Run a step, and return its result, or None if AWS refused it."""
        try:
            return step()
        except (ClientError, BotoCoreError) as error:
            logger.exception("A step of the run failed")
            self._errors.append(error)
            return None

    def end(self) -> None:
        """Raise the first error, if there was one."""
        if self._errors:
            raise self._errors[0]


def keep_report(run: ReminderRun, reading: "RunReading", adapters: "Adapters") -> str:
    """Store the audit report, and return the key of its page; a retried run replaces its previous report."""
    report = audit_report_of(
        run.snapshot,
        (*reading.runs, run.totals),
        account=run.account,
        report_made=run.report_made,
        escalate_after=run.escalate_after,
    )
    key = adapters.reports.keep(run.totals.at, table=audit_csv(report), page=audit_page(report))
    logger.info("Audit report stored", key=key)
    return key


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
