"""The rules of all checks: a healthy stack, facts that could not be read, and resources that somebody deleted."""

import re
from dataclasses import replace

import jmespath
import pytest

from ops.doctor.checks import findings_on
from ops.doctor.facts import Deleted, Toggle, Unreadable
from ops.doctor.findings import Level
from tests.unit.ops.doctor_facts import (
    ALARM,
    DEAD_LETTERS,
    FACTS,
    POLICY,
    QUEUE,
    TOGGLE,
    fault,
    faults,
    requests,
    with_account,
    with_deployed,
)

DENIED = Unreadable("service:ReadIt", "AccessDeniedException")


def test_healthy_stack() -> None:
    """Every check says ok about a healthy stack, in the order of CHECKS."""
    assert faults(FACTS) == []
    assert [finding.check for finding in findings_on(FACTS)] == [
        "Region", "Trail", "Quotas", "Stack", "Parameters", "Policy", "Switches", "Queues", "Runs", "Mail", "Ops topic",
        "Alarms",
    ]  # fmt: skip


def test_before_deployment() -> None:
    """Before the deployment the account is checked, and the remedy is to deploy."""
    findings = findings_on(with_account(stack=None, deployed=None))

    assert [finding.check for finding in findings] == ["Region", "Trail", "Quotas", "Stack"]
    assert findings[-1].remedy.startswith("sam build && sam deploy  #")


@pytest.mark.parametrize(
    ("field", "fact"),
    [
        *((field, DENIED) for field in ("sending", "subscriptions", "policy", "runs", "alarms")),
        *((field, [DENIED]) for field in ("queues", "toggles")),
        ("policy", replace(POLICY, attached_to_group=DENIED)),
    ],
)
def test_denied_read_is_unknown(field: str, fact: object) -> None:
    """A fact that may not be read is unknown, its permission is named, and everything else is checked."""
    facts = with_deployed(**{field: fact})

    finding = fault(facts)

    assert (finding.level, finding.text) == (Level.UNKNOWN, "could not be read: needs service:ReadIt")
    assert len(findings_on(facts)) == 12


@pytest.mark.parametrize("field", ["trails", "quotas", "stack"])
def test_denied_account_read(field: str) -> None:
    """A fact about the account that may not be read is a finding too."""
    facts = with_account(deployed=None, **{field: Unreadable("service:ReadIt", "AccessDenied")})

    assert "needs service:ReadIt" in faults(facts)[0].text


def test_throttled_read() -> None:
    """An error other than a missing permission is named as it is."""
    finding = fault(with_deployed(alarms=Unreadable("cloudwatch:DescribeAlarms", "ThrottlingException")))

    assert (finding.level, finding.text) == (
        Level.UNKNOWN,
        "could not be read: cloudwatch:DescribeAlarms answered ThrottlingException",
    )


def test_unanswered_read() -> None:
    """Without an answer of AWS the finding names the error, and no permission."""
    finding = fault(with_deployed(runs=Unreadable("", "ReadTimeoutError")))

    assert finding.text == "could not be read: ReadTimeoutError"


def test_denied_resource_is_named() -> None:
    """A resource that may not be read is named, and the others are checked."""
    denied = Unreadable("sqs:GetQueueAttributes", "AccessDenied", "queue Mails")
    unknown, dead_letter = faults(with_deployed(queues=[denied, replace(DEAD_LETTERS, waiting=1), QUEUE]))

    assert unknown.text == "the queue Mails could not be read: needs sqs:GetQueueAttributes"
    assert dead_letter.text.startswith("NewUsersDeadLetters has 1")


@pytest.mark.parametrize(
    ("check", "fact"),
    [
        ("Policy", {"policy": Deleted("EnforcementPolicy", "policy")}),
        ("Policy", {"policy": replace(POLICY, attached_to_group=Deleted("EnforcementGroup", "group"))}),
        ("Ops topic", {"subscriptions": Deleted("OpsTopic", "topic")}),
        ("Switches", {"toggles": [TOGGLE, Deleted("SweepSchedule", "schedule")]}),
        ("Queues", {"queues": [QUEUE, Deleted("Mails", "queue")]}),
        ("Alarms", {"alarms": [ALARM, Deleted("NoSweepAlarm", "alarm")]}),
    ],
)
def test_deleted_resource(check: str, fact: dict[str, object]) -> None:
    """A deleted resource is a failure, and a drift-aware change set creates it again."""
    finding = fault(with_deployed(**fact))

    assert (finding.check, finding.level) == (check, Level.FAILURE)
    assert finding.text.startswith("somebody has deleted the ")
    described, created, executed = requests(finding)
    assert described == ("DescribeStacks", {"StackName": "mfa-enforcer"})
    assert created[0] == "CreateChangeSet"
    assert (created[1]["DeploymentMode"], created[1]["UsePreviousTemplate"]) == ("REVERT_DRIFT", True)
    assert executed == ("ExecuteChangeSet", {"StackName": "mfa-enforcer", "ChangeSetName": "put-back"})


def test_deleted_beside_disabled() -> None:
    """All deleted resources are in one finding, and a disabled one is in a finding of its own."""
    gone = [Deleted("ChangedUserRule", "rule"), Deleted("SweepSchedule", "schedule")]
    deleted, disabled = faults(with_deployed(toggles=[*gone, Toggle("NewUserRule", "rule", "n", enabled=False)]))

    assert deleted.text == "somebody has deleted the rule ChangedUserRule, the schedule SweepSchedule"
    assert disabled.text == "the rule NewUserRule is disabled"


def test_consequence_of_deletion() -> None:
    """The finding on a deleted policy or topic says what follows from it."""
    policy, topic = faults(
        with_deployed(policy=Deleted("EnforcementPolicy", "policy"), subscriptions=Deleted("OpsTopic", "topic"))
    )

    assert policy.text.endswith(": nobody is enforced")
    assert topic.text.endswith(": ops get no alarms and no digest")


def test_change_set_keeps_parameters() -> None:
    """The change set names every parameter, because it would reset the others to their defaults."""
    finding = fault(with_deployed(subscriptions=Deleted("OpsTopic", "topic")))
    (query,) = re.findall('--query "?(.+?)"? --output', finding.remedy.replace("'\"'\"'", "'"))
    stacks = {"Stacks": [{"Parameters": [{"ParameterKey": "DryRun", "ParameterValue": "true"}, {"ParameterKey": "B"}]}]}

    kept = jmespath.search(query.strip("'"), stacks)

    assert kept == ["ParameterKey=DryRun,UsePreviousValue=true", "ParameterKey=B,UsePreviousValue=true"]
