"""When the scheduled functions last did all their work, by the metric that they count at the end of it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops.doctor.facts import Run
from ops.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudwatch import CloudWatchClient

# The function and its log by their names in the template; the parameter of the alarm on its silence, and its default
# for a stack that is older than the parameter; the metric that this alarm looks at, and the service that counts it. An
# invocation alone would prove nothing: it may have failed. A log may be kept for less than a weekend.
_SCHEDULED = (
    ("sweep", "ReconcileFunction", "ReconcileLogs", "SweepOverdueHours", "3", "SweepsCompleted", "reconcile"),
    ("reminder run", "RemindFunction", "RemindLogs", "ReminderOverdueHours", "80", "ReminderRunsCompleted", "remind"),
)
_LOOKED_BACK = timedelta(days=7)
_PERIOD = timedelta(minutes=5)


class Runs:
    """Reads the metrics of the scheduled functions."""

    PERMISSIONS = ("cloudwatch:GetMetricData",)

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def runs(self, stack: Stack, now: datetime) -> "Iterator[Run]":
        """Yield each scheduled function of the stack with the end of its last run in the last week."""
        for what, function, log, hours, default, metric, service in _SCHEDULED:
            if function in stack.physical:
                yield Run(
                    what=what,
                    function=stack.physical[function],
                    log_group=stack.physical.get(log, ""),
                    overdue_after=timedelta(hours=int(stack.parameters.get(hours, default))),
                    last=self._last(metric, service, now),
                )

    def _last(self, metric: str, service: str, now: datetime) -> datetime | None:
        """Return the start of the last five minutes in which the metric was counted; None where there are none."""
        answer = self._client.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": "counted",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "MfaEnforcer",
                            "MetricName": metric,
                            "Dimensions": [{"Name": "service", "Value": service}],
                        },
                        "Period": int(_PERIOD.total_seconds()),
                        "Stat": "SampleCount",
                    },
                }
            ],
            StartTime=now - _LOOKED_BACK,
            EndTime=now + _PERIOD,
            ScanBy="TimestampDescending",
        )
        return max(answer["MetricDataResults"][0]["Timestamps"], default=None)
