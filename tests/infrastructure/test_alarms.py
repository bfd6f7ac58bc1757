"""Every failure that needs attention has an alarm, which says what to do and names a section of the runbook."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com")
FUNCTIONS_FOLDER = Path(__file__).parents[2] / "functions"
RUNBOOK = Path(__file__).parents[2] / "docs" / "operating.md"


def named(kind: str, template: Template = TEMPLATE) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in template.resources.items() if resource["Type"] == kind}


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return the metric of an alarm with its statistic, also if the alarm uses metric math."""
    if "Metrics" not in alarm:
        return alarm
    (metric,) = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
    return {**metric["Metric"], "Statistic": metric["Stat"], "Period": metric["Period"]}


ALARMS, QUEUES = named("AWS::CloudWatch::Alarm"), named("AWS::SQS::Queue")
FUNCTIONS = named("AWS::Serverless::Function")
WORK = {name for name, queue in QUEUES.items() if "RedrivePolicy" in queue}
FAILURE_QUEUES = sorted(QUEUES.keys() - WORK)
FED = {
    name: [
        event["Properties"]["Queue"].removeprefix("${").removesuffix(".Arn}")
        for event in properties["Events"].values()
        if event["Type"] == "SQS"
    ]
    for name, properties in FUNCTIONS.items()
    if "Schedule" not in properties["Events"]
}


def service(function: str) -> str:
    """Return the service name in a function's metrics."""
    name: str = FUNCTIONS[function]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    return name


def watching(metric: str, dimension: str) -> list[dict[str, Any]]:
    """Return the alarms on a metric of one queue or function."""
    return [
        alarm
        for alarm in ALARMS.values()
        if watched(alarm)["MetricName"] == metric
        and [each["Value"] for each in watched(alarm)["Dimensions"]] == [dimension]
    ]


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_dead_letter(queue: str) -> None:
    """One dead letter triggers its alarm, which stays in ALARM."""
    (alarm,) = watching("ApproximateNumberOfMessagesVisible", f"${{{queue}.QueueName}}")

    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["TreatMissingData"] == "ignore", "an idle queue reports nothing"


@pytest.mark.parametrize("queue", sorted(WORK))
def test_waiting_messages(queue: str) -> None:
    """Messages that wait too long trigger an alarm."""
    (alarm,) = watching("ApproximateAgeOfOldestMessage", f"${{{queue}.QueueName}}")

    assert alarm["Threshold"] > QUEUES[queue]["VisibilityTimeout"], "one failed try is no reason"


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_function_errors(function: str) -> None:
    """A failing function triggers its alarm."""
    (alarm,) = watching("Errors", f"${{{function}}}")

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    for queue in FED.get(function, []):
        assert alarm["Period"] >= QUEUES[queue]["VisibilityTimeout"], (
            "tries further apart than that would never be in a row"
        )


@pytest.mark.parametrize("function", sorted(FED))
def test_repeated_failures(function: str) -> None:
    """A message that fails repeatedly triggers an alarm well before it becomes a dead letter."""
    (alarm,) = [
        alarm
        for alarm in ALARMS.values()
        if watched(alarm)["MetricName"] == "TriesFailed"
        and alarm["Dimensions"] == [{"Name": "service", "Value": service(function)}]
    ]

    assert (alarm["Statistic"], alarm["EvaluationPeriods"]) == ("Maximum", 1)
    for queue in FED[function]:
        assert 2 <= alarm["Threshold"] <= QUEUES[queue]["RedrivePolicy"]["maxReceiveCount"] / 2
        assert QUEUES[queue]["VisibilityTimeout"] * (alarm["Threshold"] - 1) <= 900, "within a quarter of an hour"
        assert QUEUES[queue]["VisibilityTimeout"] <= alarm["Period"], "it stays in ALARM from one try to the next"


@pytest.mark.parametrize(
    "function", [name for name, properties in FUNCTIONS.items() if "Schedule" in properties["Events"]]
)
def test_missing_runs(function: str) -> None:
    """Missing scheduled runs trigger an alarm."""
    (alarm,) = [
        alarm
        for alarm in ALARMS.values()
        if alarm["TreatMissingData"] == "breaching"
        and watched(alarm)["Dimensions"] == [{"Name": "service", "Value": service(function)}]
    ]
    metric = watched(alarm)

    assert (metric["Statistic"], alarm["ComparisonOperator"]) == ("SampleCount", "LessThanThreshold")
    doctor = (FUNCTIONS_FOLDER.parent / "ops" / "doctor" / "reads" / "runs.py").read_text()
    assert f'"{metric["MetricName"]}", "{service(function)}"' in doctor, "the doctor reads another one"
    # "PutMetricAlarm" in the CloudWatch API Reference: seven days at most, for periods of an hour or more.
    for hours in ("SweepOverdueHours", "ReminderOverdueHours"):
        assert TEMPLATE.source["Parameters"][hours]["MaxValue"] * metric["Period"] <= 604_800


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] == "breaching"])
def test_missing_runs_count_as_zero(name: str) -> None:
    """A missing hour is skipped as long as an earlier one has data; an hour that is filled with 0 counts.

    "Configuring how CloudWatch alarms treat missing data" in the CloudWatch User Guide. PutMetricAlarm takes one
    expression that returns data, and no metric of its own beside the list ("PutMetricAlarm").
    """
    queries = {query["Id"]: query for query in ALARMS[name]["Metrics"]}
    (watched_one,) = [query for query in queries.values() if query["ReturnData"]]

    (filled,) = re.findall(r"^FILL\((\w+), 0\)$", watched_one["Expression"])

    assert "MetricStat" in queries[filled]
    assert not {"MetricName", "Namespace", "Dimensions", "Statistic", "Period"} & ALARMS[name].keys()
    assert "DatapointsToAlarm" not in ALARMS[name], "every hour counts"


SOURCE = "\n".join(path.read_text() for path in FUNCTIONS_FOLDER.rglob("*.py"))


@pytest.mark.parametrize(
    "name", [name for name, alarm in ALARMS.items() if watched(alarm)["Namespace"] == "MfaEnforcer"]
)
def test_own_metrics_exist(name: str) -> None:
    """Each alarm on our own metric watches one that its function emits."""
    metric = watched(ALARMS[name])
    (dimension,) = metric["Dimensions"]

    assert dimension["Name"] == "service"
    assert dimension["Value"] in map(service, FUNCTIONS)
    source = "\n".join(path.read_text() for path in (FUNCTIONS_FOLDER / dimension["Value"]).rglob("*.py"))
    if "take_batch" in source:
        source += (FUNCTIONS_FOLDER / "aws" / "sqs" / "batch.py").read_text()
    assert f'"{metric["MetricName"]}"' in source


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_action_and_runbook(name: str) -> None:
    """Every alarm goes to the ops topic and names a section of the runbook."""
    alarm = ALARMS[name]
    (anchor,) = re.findall(r"Runbook: docs/operating\.md#([a-z-]+)$", alarm["AlarmDescription"])

    assert alarm["AlarmActions"] == ["${OpsTopic}"]
    assert len(alarm["AlarmDescription"]) <= 1024
    assert anchor in anchors(), "the runbook has no such section"


def anchors() -> set[str]:
    """Return the anchors of the runbook's sections."""
    return {slug(title) for title in re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_runbook_empties_queue(queue: str) -> None:
    """The runbook says how to empty each dead-letter queue, with commands that SQS supports for it."""
    targets = {queue["RedrivePolicy"]["deadLetterTargetArn"] for queue in QUEUES.values() if "RedrivePolicy" in queue}
    (anchor,) = re.findall(r"#([a-z-]+)$", ALARMS[f"{queue}Alarm"]["AlarmDescription"])

    text = section(anchor)

    # "StartMessageMoveTask" in the SQS API Reference: only from the dead-letter queue of another queue.
    assert ("start-message-move-task" in text) == (f"${{{queue}.Arn}}" in targets)
    assert "start-message-move-task" in text or "purge-queue" in text


def section(anchor: str) -> str:
    parts = re.split(r"^(?=#+ )", RUNBOOK.read_text(), flags=re.MULTILINE)
    return next(part for part in parts if part.splitlines()[:1] and slug(part.splitlines()[0]) == anchor)


def slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")


def test_outputs_in_runbook() -> None:
    """Every output that the runbook names exists."""
    named_there = set(re.findall(r"\$\(output (\w+)\)", RUNBOOK.read_text()))

    assert named_there
    assert named_there <= TEMPLATE.source["Outputs"].keys()


def test_dashboard_is_complete() -> None:
    """The dashboard shows every alarm, function and queue, and only metrics that exist."""
    ((_, dashboard),) = named("AWS::CloudWatch::Dashboard").items()
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    shown = json.dumps(widgets)

    assert all(f"${{{name}.Arn}}" in shown for name in ALARMS)
    assert all(f'"${{{name}}}"' in shown for name in FUNCTIONS)
    assert all(f"${{{name}.QueueName}}" in shown for name in QUEUES)
    ours = re.findall(r'"MfaEnforcer", "(\w+)"', shown)
    assert ours
    assert all(f'"{metric}"' in SOURCE for metric in ours), "a metric that no function emits"


def test_dashboard_layout() -> None:
    """The widgets of the dashboard do not overlap."""
    ((_, dashboard),) = named("AWS::CloudWatch::Dashboard").items()
    taken: set[tuple[int, int]] = set()

    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        places = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not places & taken
        assert max(x for x, _ in places) < 24
        taken |= places


@pytest.mark.parametrize(("tracing", "may"), [("Active", True), ("PassThrough", False)])
def test_tracing_permission(tracing: str, may: bool) -> None:
    """Functions may send traces only if tracing is active."""
    template = Template(Tracing=tracing)
    roles = [role for name, role in named("AWS::IAM::Role", template).items() if name.endswith("Role")]

    traced = [
        "xray:PutTraceSegments" in json.dumps(role) for role in roles if "lambda.amazonaws.com" in json.dumps(role)
    ]

    assert len(traced) == len(FUNCTIONS)
    assert set(traced) == {may}
    assert template.render(template.source["Globals"]["Function"]["Tracing"]) == tracing
