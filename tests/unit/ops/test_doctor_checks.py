"""The rules of all checks: a healthy stack, facts that could not be read, and resources that somebody deleted."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_origin, get_type_hints

import jmespath
import pytest

from ops.doctor.checking import Check
from ops.doctor.checks import CHECKS, findings_on
from ops.doctor.commands import Commands
from ops.doctor.facts import Deleted, Deployed, Facts, Toggle, Unreadable
from ops.doctor.findings import Level
from tests.unit.ops.doctor_facts import (
    ALARM,
    DEAD_LETTERS,
    FACTS,
    FAULTS,
    POLICY,
    QUEUE,
    TOGGLE,
    fault,
    faults,
    requests,
    with_account,
    with_deployed,
)

COMMANDS = Commands("us-east-1", "mfa-enforcer")
DENIED = Unreadable("service:ReadIt", "AccessDeniedException")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_healthy_stack(check: Check) -> None:
    """Every check says ok about a healthy stack."""
    assert {finding.level for finding in check(FACTS, COMMANDS)} == {Level.OK}


def test_order_of_findings() -> None:
    """The findings are in the order in which one thing depends on another."""
    order = [
        "Region",
        "Trail",
        "Quotas",
        "Stack",
        "Policy",
        "Switches",
        "Queues",
        "Runs",
        "Mail",
        "Ops topic",
        "Alarms",
    ]

    assert [finding.check for finding in findings_on(FACTS) if finding.check in order] == order


def test_every_check_has_a_fault() -> None:
    """FAULTS has an example of a fault for each check."""
    missing = [f"{check.__module__}.{check.__name__}" for check in CHECKS if check not in FAULTS]

    assert not missing, "no test shows that these checks find anything; add a fault to FAULTS in doctor_facts.py"


@pytest.mark.parametrize("check", FAULTS, ids=lambda check: check.__name__)
def test_fault_has_remedy(check: Check) -> None:
    """A check finds its fault, and the remedy is a command that can be copied."""
    [finding] = (each for each in check(FAULTS[check], COMMANDS) if each.level is not Level.OK)

    assert finding.remedy, f"name the command that repairs this: {finding.text}"
    assert finding in faults(FAULTS[check])


def test_before_deployment() -> None:
    """Before the deployment only the account is checked, and the remedy is to deploy."""
    facts = with_account(stack=None, deployed=None)

    finding = fault(facts)

    assert (finding.check, finding.level) == ("Stack", Level.WARNING)
    assert finding.remedy.startswith("sam build && sam deploy  #")
    assert not {"Policy", "Switches", "Alarms"} & {each.check for each in findings_on(facts)}


def denied(facts: type[Any]) -> dict[str, object]:
    """Return the value of each field that can be unreadable, for a caller who may not read it."""
    hints = {field: hint for field, hint in get_type_hints(facts).items() if "Unreadable" in str(hint)}
    return {field: [DENIED] if get_origin(hint) is Sequence else DENIED for field, hint in hints.items()}


def unknown(facts: Facts) -> list[str]:
    return [finding.text for finding in faults(facts) if finding.level is Level.UNKNOWN]


@pytest.mark.parametrize(
    ("field", "fact"), [*denied(Deployed).items(), ("policy", replace(POLICY, attached_to_group=DENIED))]
)
def test_denied_read_is_unknown(field: str, fact: object) -> None:
    """A fact that may not be read is unknown, its permission is named, and everything else is checked."""
    facts = with_deployed(**{field: fact})

    assert unknown(facts) == ["could not be read: needs service:ReadIt"], f"a check must hand {field} to missing()"
    assert {finding.check for finding in findings_on(facts)} == {finding.check for finding in findings_on(FACTS)}


@pytest.mark.parametrize("field", denied(Facts))
def test_denied_account_read(field: str) -> None:
    """A fact about the account that may not be read is a finding too."""
    facts = with_account(deployed=None, **{field: DENIED})

    assert "could not be read: needs service:ReadIt" in unknown(facts), f"a check must hand {field} to missing()"


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
    unread, dead_letter = faults(with_deployed(queues=[denied, replace(DEAD_LETTERS, waiting=1), QUEUE]))

    assert unread.text == "the queue Mails could not be read: needs sqs:GetQueueAttributes"
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
    (query,) = re.findall('--query "(.+?)" --output', finding.remedy)
    stacks = {"Stacks": [{"Parameters": [{"ParameterKey": "DryRun", "ParameterValue": "true"}, {"ParameterKey": "B"}]}]}

    kept = jmespath.search(query, stacks)

    assert kept == ["ParameterKey=DryRun,UsePreviousValue=true", "ParameterKey=B,UsePreviousValue=true"]
