"""Reads the last completed run of each scheduled function from the metric that it counts at the end of a run."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops.doctor.facts import Run
from ops.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_cloudwatch import CloudWatchClient

# The function by its logical ID; the parameter for the hours until its alarm, and the default for a stack that is older
# than the parameter; the metric of the alarm, and the service that counts it. An invocation is no proof of a run,
# because it may have failed, and a log may be kept for less than a weekend.
_SCHEDULED = (
    ("sweep", "ReconcileFunction", "SweepOverdueHours", "3", "SweepsCompleted", "reconcile"),
    ("reminder run", "RemindFunction", "ReminderOverdueHours", "80", "ReminderRunsCompleted", "remind"),
)
_LOOKBACK = timedelta(days=7)
_PERIOD = timedelta(minutes=5)


class Runs:
    """Reads the metrics of the scheduled functions."""

    PERMISSIONS = ("cloudwatch:GetMetricData",)

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def runs(self, stack: Stack, now: datetime) -> "Iterator[Run]":
        """Yield the last run of each scheduled function of the stack."""
        for name, function, hours, default, metric, service in _SCHEDULED:
            if function in stack.physical:
                overdue_after = timedelta(hours=int(stack.parameters.get(hours, default)))
                yield Run(name, overdue_after, self._last(metric, service, now))

    def _last(self, metric: str, service: str, now: datetime) -> datetime | None:
        """Return the start of the last five minutes in which the metric was counted; None if there are none."""
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
            StartTime=now - _LOOKBACK,
            EndTime=now + _PERIOD,
            ScanBy="TimestampDescending",
        )
        return max(answer["MetricDataResults"][0]["Timestamps"], default=None)
