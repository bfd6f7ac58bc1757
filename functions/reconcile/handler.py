"""Sweeps the whole account, and enforces every user who should be enforced and is not."""

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.lambda_ import account_of
from domain.enforcement.sweep import SweepEnd, decide_end, plan_sweep
from reconcile.adapters import Adapters
from reconcile.apply import apply_nothing, apply_plan
from reconcile.group import repair_group
from reconcile.publishing import publish_notices, record_totals
from reconcile.reading import read_account
from reconcile.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.enforcement.sweep import SweepOutcome, SweepPlan
    from reconcile.reading import SweepReading

logger = Logger()
metrics = Metrics()
# Made while the worker starts, with a full processor: on the first call it would take ten times as long.
clients.iam()

# Enough for the steps after the last attachment: the log, the notices, the next run.
_RESERVE_MILLISECONDS = 30_000
# An account has 5,000 users at most, which take two runs or three.
_MOST_RUNS = 5


class SweepIncomplete(RuntimeError):
    """AWS refused a call; Lambda retries the sweep, and the schedule starts another in an hour."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Sweep once, for any event, and return the totals; a run does not depend on the one before."""
    adapters = Adapters(Settings.from_environment(os.environ), account_of(context))
    logger.append_keys(account=adapters.account.number)
    reading = read_account(adapters, repair_group(adapters), datetime.now(UTC))
    plan = plan_sweep(reading.users, reading.rules, today=reading.at.date(), flags=reading.flags)
    outcome = act(plan, reading, adapters, context)
    publish_notices(reading, plan, outcome, adapters)
    summary = record_totals(reading, plan, outcome, adapters)
    end(outcome, run_of(event), adapters, context)
    return summary


def act(plan: "SweepPlan", reading: "SweepReading", adapters: Adapters, context: "LambdaContext") -> "SweepOutcome":
    """Act on the plan, or only log it in a dry run."""
    if adapters.settings.dry_run:
        return apply_nothing(plan)
    return apply_plan(plan, reading, adapters, has_time=partial(has_time, context))


def end(outcome: "SweepOutcome", run: int, adapters: Adapters, context: "LambdaContext") -> None:
    """Start the next run, fail so that Lambda retries, or count a complete sweep; raises SweepIncomplete."""
    match decide_end(outcome, run=run, most_runs=_MOST_RUNS, dry_run=adapters.settings.dry_run):
        case SweepEnd.CONTINUES:
            adapters.continuation(context.invoked_function_arn).start_next_run({"run": run + 1})
        case SweepEnd.FAILED:
            raise SweepIncomplete
        case SweepEnd.COMPLETE:
            # The alarm on missing sweeps waits for this metric, so nothing may fail after it.
            metrics.add_metric("SweepsCompleted", MetricUnit.Count, 1)


def run_of(event: dict[str, Any]) -> int:
    """Return the number that the previous run passed on; any other value means the first run."""
    run = event.get("run")
    return run if type(run) is int else 1


def has_time(context: "LambdaContext") -> bool:
    """Return whether there is time for another write."""
    return context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS
