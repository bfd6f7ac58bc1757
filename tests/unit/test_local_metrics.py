"""The local cloud counts what functions log in the embedded metric format, and nothing else that they log."""

import json

import pytest

from local.server.metrics import Counted, counted_in


def test_a_line_in_the_format_is_counted_for_each_value_and_set_of_dimensions() -> None:
    """Every value of every metric is one count, under the dimensions that the line names."""
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
def test_any_other_line_counts_nothing(line: str) -> None:
    """Neither text nor a line of another kind is taken for a metric."""
    assert list(counted_in(line)) == []
