"""The checks of the stack: its status, its runs and its alarms."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ops.doctor.facts import Alarm
from ops.doctor.findings import Level
from tests.unit.ops.doctor_facts import (
    NOW,
    RUN,
    STACK,
    calls,
    fault,
    faults,
    request,
    texts,
    with_account,
    with_deployed,
    with_stack,
)


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("UPDATE_IN_PROGRESS", Level.WARNING),
        ("UPDATE_ROLLBACK_COMPLETE", Level.WARNING),
        ("ROLLBACK_COMPLETE", Level.FAILURE),
        ("UPDATE_ROLLBACK_FAILED", Level.FAILURE),
        ("DELETE_FAILED", Level.FAILURE),
    ],
)
def test_incomplete_stack(status: str, level: Level) -> None:
    """A stack that changes is a warning, one that failed is a failure."""
    finding = fault(with_stack(status=status))

    assert (finding.check, finding.level) == ("Stack", level)
    assert status in finding.text or status == "UPDATE_ROLLBACK_COMPLETE"


def test_dry_run() -> None:
    """A dry run is a warning that nobody is enforced, and the remedy ends it."""
    finding = fault(with_stack(parameters={"DryRun": "true"}))

    assert "nobody is enforced" in finding.text
    assert "DryRun=false" in finding.remedy


def test_stack_never_created() -> None:
    """A stack whose first change set was declined has never been created, and the remedy is to deploy."""
    finding = fault(with_account(stack=replace(STACK, status="REVIEW_IN_PROGRESS", resources=[]), deployed=None))

    assert (finding.level, finding.check) == (Level.WARNING, "Stack")
    assert finding.text == "mfa-enforcer was never created: nobody has executed its first change set"
    assert calls(finding) == [["sam", "deploy", "--region", "us-east-1", "--stack-name", "mfa-enforcer"]]


def test_stack_of_another_template() -> None:
    """A stack without the policy is not ours, and the remedy lists the stacks that are."""
    finding = fault(with_account(stack=replace(STACK, resources=STACK.resources[:1]), deployed=None))

    assert (finding.level, finding.text) == (Level.FAILURE, "mfa-enforcer is not a stack of mfa-enforcer")
    assert request(finding) == ("DescribeStacks", {})


@pytest.mark.parametrize("last", [None, NOW - timedelta(hours=4)])
def test_overdue_sweep(last: datetime | None) -> None:
    """An overdue sweep is a failure; the remedy starts one and shows its log."""
    finding = fault(with_deployed(runs=[replace(RUN, last=last)]))

    assert (finding.check, finding.level) == ("Runs", Level.FAILURE)
    invoke, logs = calls(finding)
    assert invoke == [
        "sam", "remote", "invoke", "ReconcileFunction", "--region", "us-east-1", "--stack-name", "mfa-enforcer",
        "--parameter", "InvocationType=Event", "--event", '{"action": "reconcile"}',
    ]  # fmt: skip
    assert logs[:2] == ["sam", "logs"]


def test_new_stack_without_sweep() -> None:
    """A stack that is younger than the limit need not have completed a sweep."""
    young = replace(STACK, created=NOW - timedelta(minutes=30))

    assert faults(with_deployed(stack=young, runs=[replace(RUN, last=None)])) == []


def test_one_minute_is_singular() -> None:
    """A duration of one minute has no plural."""
    facts = with_deployed(runs=[replace(RUN, last=NOW - timedelta(seconds=70))])

    assert texts(facts, "Runs") == ["last sweep 1 minute ago"]


def test_alarm_in_alarm() -> None:
    """An alarm in ALARM is a failure with the description of the alarm."""
    finding = fault(with_deployed(alarms=[Alarm("stack-DeadLetters", "A message failed.")]))

    assert finding.text == "stack-DeadLetters is in ALARM: A message failed."


def test_alarm_without_actions() -> None:
    """An alarm whose actions are disabled is a failure, and the remedy enables them."""
    alarms = [Alarm("a", "", in_alarm=False), Alarm("b", "", in_alarm=False, actions_enabled=False)]
    finding = fault(with_deployed(alarms=alarms))

    assert finding.level is Level.FAILURE
    assert request(finding) == ("EnableAlarmActions", {"AlarmNames": ["b"]})
