"""Extracts metrics from the functions' logs, as CloudWatch does ("embedded metric format").

MiniStack keeps the logs without extracting the metrics. Alarms do not use them: MiniStack's rules for alarms differ
from CloudWatch's, so alarms would go into ALARM that would not on AWS.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from ministack.services import cloudwatch, lambda_svc  # type: ignore[import-untyped]  # ships no types


@dataclass(frozen=True, slots=True)
class Counted:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    value: float
    unit: str


def correct_metrics() -> None:
    """Record a function's metrics after its log was stored."""
    keep = lambda_svc._emit_lambda_logs  # noqa: SLF001  # there is no public one

    def keep_and_count(
        function: Mapping[str, Any], request_id: str, log: str, *rest: object, **options: object
    ) -> None:
        keep(function, request_id, log, *rest, **options)
        for line in log.splitlines():
            for each in counted_in(line):
                cloudwatch.record_metric(each.namespace, each.name, each.value, each.unit, dict(each.dimensions))

    lambda_svc._emit_lambda_logs = keep_and_count  # noqa: SLF001


def counted_in(line: str) -> Iterator[Counted]:
    """Yield each metric value in a log line, once for each set of dimensions; nothing for other lines."""
    entry = _read(line)
    for directive in entry.get("_aws", {}).get("CloudWatchMetrics", ()):
        for names, metric in product(directive["Dimensions"], directive["Metrics"]):
            dimensions = {name: str(entry[name]) for name in names}
            values = entry[metric["Name"]]
            for value in values if isinstance(values, list) else [values]:
                unit = metric.get("Unit", "None")
                yield Counted(directive["Namespace"], metric["Name"], dimensions, float(value), unit)


def _read(line: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(line) if '"_aws"' in line else {}
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
