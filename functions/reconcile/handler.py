"""Looks through the whole account, and enforces whoever should be and is not."""

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.lambda_ import Continuation
from reconcile.acting import apply_plan, plan_only
from reconcile.group import repair_group
from reconcile.report import Report
from reconcile.settings import Settings
from reconcile.survey import look

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Made while the worker starts: the first call would wait for it ten times as long, with a fraction of a processor.
clients.iam()

# Enough for what comes after the last write: the log, the notices, the next run.
_RESERVE_MILLISECONDS = 30_000
# Those of an account's 5,000 users whom one run does not reach are reached by the next, or the one after it.
_MOST_RUNS = 5


class SweepIncomplete(RuntimeError):
    """AWS refused something; Lambda runs the sweep again, and the next hour does."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Sweep once, whatever the event, and return the totals; where time ends first, go on in another run.

    A run remembers nothing of the one before: it looks again, and what is done already needs nothing.
    """
    settings = Settings.from_environment(os.environ)
    now = datetime.now(UTC)
    group = repair_group(settings)
    found = look(settings, group, now)
    if settings.dry_run:
        outcome = plan_only(found.plan)
    else:
        outcome = apply_plan(found, settings, now, has_time=partial(has_time, context))
    report = Report(found, outcome, settings, now)
    report.publish_notices()
    summary = report.record()
    run = run_of(event)
    if outcome.not_attempted and not settings.dry_run and run < _MOST_RUNS:
        Continuation(clients.lambda_(), context.invoked_function_arn).start_next_run({"run": run + 1})
    elif outcome.failed or outcome.release_not_requested:
        raise SweepIncomplete
    elif settings.dry_run or not outcome.not_attempted:
        # What the alarm on its absence waits for: nothing comes after it.
        metrics.add_metric("SweepsCompleted", MetricUnit.Count, 1)
    return summary


def run_of(event: dict[str, Any]) -> int:
    """Return the number that a run was told by the one before; anything else in its place means the first run."""
    run = event.get("run")
    return run if type(run) is int else 1


def has_time(context: "LambdaContext") -> bool:
    """Tell whether there is time for another write."""
    return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS
