"""When the scheduled functions last did all their work, by what they themselves have logged at the end of it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ops.doctor.facts import Run, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_logs import CloudWatchLogsClient

# The function and its log by their names in the template, the parameter of the alarm on its silence, and what it logs
# when it is done. An invocation alone would prove nothing: it may have failed.
_SCHEDULED = (
    ("sweep", "ReconcileFunction", "ReconcileLogs", "SweepOverdueHours", "Sweep done"),
    ("reminder run", "RemindFunction", "RemindLogs", "ReminderOverdueHours", "Run done"),
)
_LOOKED_BACK = timedelta(days=7)
_MOST = 10_000


class Runs:
    """Reads the logs of the scheduled functions."""

    PERMISSIONS = ("logs:FilterLogEvents",)

    def __init__(self, client: "CloudWatchLogsClient") -> None:
        self._client = client

    def runs(self, stack: Stack, now: datetime) -> "Iterator[Run]":
        """Yield each scheduled function of the stack with the end of its last run in the last week."""
        for what, function, log, hours, message in _SCHEDULED:
            if function in stack.physical:
                group = stack.physical[log]
                yield Run(
                    what=what,
                    function=stack.physical[function],
                    log_group=group,
                    overdue_after=timedelta(hours=int(stack.parameters[hours])),
                    last=self._last(group, message, since=now - _LOOKED_BACK),
                )

    def _last(self, group: str, message: str, since: datetime) -> datetime | None:
        """Return the time of the last line with this message; CloudWatch gives the oldest first."""
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(since.timestamp() * 1000),
            filterPattern=f'{{ $.message = "{message}" }}',
            PaginationConfig={"MaxItems": _MOST},
        )
        times = [event["timestamp"] for page in pages for event in page["events"]]
        return datetime.fromtimestamp(max(times) / 1000, UTC) if times else None
