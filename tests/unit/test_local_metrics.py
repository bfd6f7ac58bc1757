"""The local cloud extracts metrics in the embedded metric format, and nothing else, from the logs."""

import json

import pytest

from local.server.metrics import Counted, counted_in


def test_metric_line() -> None:
    """Each value of each metric counts once, with the dimensions that the line names."""
    line = json.dumps(
        {
            "_aws": {
                "Timestamp": 1795631126811,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "MfaEnforcer",
                        "Dimensions": [["service"], []],
                        "Metrics": [{"Name": "SweepsCompleted", "Unit": "Count"}],
                    }
                ],
            },
            "service": "reconcile",
            "SweepsCompleted": [1.0, 2.0],
        }
    )

    assert list(counted_in(line)) == [
        Counted("MfaEnforcer", "SweepsCompleted", dimensions, value, "Count")
        for dimensions in ({"service": "reconcile"}, {})
        for value in (1.0, 2.0)
    ]


@pytest.mark.parametrize("line", ["START RequestId: 1", '{"message": "Sweep done"}', '{"_aws": cut', ""])
def test_other_lines(line: str) -> None:
    """Neither text nor a line of another kind counts as a metric."""
    assert list(counted_in(line)) == []
