"""What the doctor reads about the resources of the stack: policy, queues, toggles and alarms."""

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from ops.doctor import __main__ as doctor
from ops.doctor.facts import Alarm, Deleted, Policy, Queue, Toggle, Unreadable
from ops.doctor.reads.resources import Alarms, Policies, Queues, Toggles
from ops.read_only import read_only_session
from ops.stacks import Resource
from tests.integration.ops.deployment import deny, deployed, facts, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_cloudwatch.type_defs import MetricTypeDef

SCHEDULE = Resource("SweepSchedule", "AWS::Scheduler::Schedule", "sweep")


def test_queues(stack: str) -> None:
    """Every queue is read with its messages and with the queue whose failed messages it takes."""
    url = deployed().stack.resource("UndeliveredEvents").physical
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="an event")

    read = Queues(read_only_session("us-east-1").client("sqs")).queues(deployed().stack)

    queues = [queue for queue in read if isinstance(queue, Queue)]

    assert [(queue.logical, queue.waiting, queue.is_dead_letter, queue.source) for queue in queues] == [
        ("NewUsers", 0, False, None),
        ("NewUsersDeadLetters", 0, True, "NewUsers"),
        ("UndeliveredEvents", 1, True, None),
    ]


@pytest.fixture
def deleted(stack: str, request: pytest.FixtureRequest) -> Deleted:
    """A resource of the stack that somebody has deleted."""
    physical = deployed().stack.physical
    delete: dict[str, Callable[[str], Any]] = {
        "NewUserRule": lambda name: boto3.client("events").delete_rule(Name=name.rpartition("|")[2]),
        "NewUsers": lambda url: boto3.client("sqs").delete_queue(QueueUrl=url),
        "OpsTopic": lambda arn: boto3.client("sns").delete_topic(TopicArn=arn),
        "EnforcementPolicy": lambda arn: boto3.client("iam").delete_policy(PolicyArn=arn),
    }
    logical, kind = request.param
    delete[logical](physical[logical])
    return Deleted(logical, kind)


RESOURCES = [("NewUserRule", "rule"), ("NewUsers", "queue"), ("OpsTopic", "topic"), ("EnforcementPolicy", "policy")]


@pytest.mark.parametrize("deleted", RESOURCES, indirect=True, ids=lambda resource: resource[0])
def test_deleted_resource(deleted: Deleted, capsys: pytest.CaptureFixture[str]) -> None:
    """A deleted resource ends the doctor with 1, and the other resources are read."""
    read = deployed()
    resources = [read.policy, read.subscriptions, *read.queues, *read.toggles]

    assert [each for each in resources if isinstance(each, Deleted)] == [deleted]
    assert not any(isinstance(each, Unreadable) for each in resources)
    assert doctor.main(["--json"]) == 1
    assert f"somebody has deleted the {deleted.kind} {deleted.logical}" in capsys.readouterr().out


def toggles(*resources: Resource) -> list[Toggle | Deleted | Unreadable]:
    client = read_only_session("us-east-1").client
    return list(Toggles(client("events"), client("lambda"), client("scheduler")).toggles(stack_of(*resources)))


def test_deleted_mapping_and_schedule() -> None:
    """An event source mapping and a schedule that do not exist are deleted."""
    mapping = Resource("EnforceFunctionNewUsers", "AWS::Lambda::EventSourceMapping", str(uuid4()))

    assert toggles(mapping, SCHEDULE) == [
        Deleted("EnforceFunctionNewUsers", "event source mapping"), Deleted("SweepSchedule", "schedule"),
    ]  # fmt: skip


def test_denied_schedule(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule that may not be read is named, and the rules are read."""
    deny(monkeypatch, lambda operation: operation == "GetSchedule")

    rule, schedule = toggles(deployed().stack.resource("NewUserRule"), SCHEDULE)

    assert isinstance(rule, Toggle)
    assert schedule == Unreadable("scheduler:GetSchedule", "AccessDenied", "schedule SweepSchedule")


def test_schedule_keeps_properties() -> None:
    """An update with the properties that were read enables a schedule, and changes no other property."""
    scheduler = boto3.client("scheduler")
    scheduler.create_schedule(
        Name="sweep",
        ScheduleExpression="rate(1 hour)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        Description="Repairs what no event reported",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={
            "Arn": "arn:aws:lambda:us-east-1:111122223333:function:reconcile",
            "RoleArn": "arn:aws:iam::111122223333:role/schedule",
            "Input": '{"action": "reconcile"}',
            "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:111122223333:failures"},
        },
    )
    before = scheduler.get_schedule(Name="sweep")

    (toggle,) = toggles(SCHEDULE)

    assert isinstance(toggle, Toggle)
    assert toggle.schedule
    assert not toggle.enabled
    scheduler.update_schedule(**{**toggle.schedule, "State": "ENABLED"})
    after = scheduler.get_schedule(Name="sweep")
    changing = {"ResponseMetadata", "LastModificationDate"}
    assert {name for name in before if before[name] != after[name]} - changing == {"State"}  # type: ignore[literal-required]  # any of its names


def test_disabled_rule(stack: str) -> None:
    """A rule that somebody disables is read as disabled."""
    before = deployed().toggles
    (rule,) = boto3.client("events").list_rules()["Rules"]
    boto3.client("events").disable_rule(Name=rule["Name"])

    enabled = [toggle.enabled for toggle in (*before, *deployed().toggles) if isinstance(toggle, Toggle)]
    assert enabled == [True, False]


def test_alarms() -> None:
    """Each of 120 alarms is read with its state and its actions; one of them watches a metric math expression."""
    watch = boto3.client("cloudwatch")
    ours = [Resource(f"Alarm{number}", "AWS::CloudWatch::Alarm", f"stack-alarm{number}") for number in range(120)]
    for resource in ours[:-1]:
        watch.put_metric_alarm(
            AlarmName=resource.physical,
            AlarmDescription="It is in ALARM.",
            ActionsEnabled=resource is not ours[7],
            Namespace="MfaEnforcer",
            MetricName="SweepsCompleted",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )
    metric: MetricTypeDef = {"Namespace": "MfaEnforcer", "MetricName": "SweepsCompleted"}
    watch.put_metric_alarm(
        AlarmName=ours[5].physical,
        Metrics=[
            {"Id": "runs", "MetricStat": {"Metric": metric, "Stat": "Sum", "Period": 60}, "ReturnData": False},
            {"Id": "filled", "Expression": "FILL(runs, 0)", "ReturnData": True},
        ],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
    )
    watch.set_alarm_state(AlarmName=ours[5].physical, StateValue="ALARM", StateReason="a test")
    watch.set_alarm_state(AlarmName=ours[3].physical, StateValue="ALARM", StateReason="a test")

    read = Alarms(read_only_session("us-east-1").client("cloudwatch")).alarms(stack_of(*ours))

    assert len(read) == 120
    assert read[-1] == Deleted("Alarm119", "alarm")
    alarms = [alarm for alarm in read if isinstance(alarm, Alarm)]
    assert [alarm.name for alarm in alarms if alarm.in_alarm] == ["stack-alarm3", "stack-alarm5"]
    assert [alarm.name for alarm in alarms if not alarm.actions_enabled] == ["stack-alarm7"]


def test_changed_policy_version(stack: str) -> None:
    """The default version of the policy is read, not the deployed one."""
    iam = boto3.client("iam")
    (policy,) = iam.list_policies(Scope="Local")["Policies"]
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=document, SetAsDefault=True)

    read = deployed().policy

    assert isinstance(read, Policy)
    assert read.default_version == "v2"


def test_policy_of_group(stack: str) -> None:
    """The group is read as deleted, without the policy, or with it."""
    iam = boto3.client("iam")
    arn = iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    attached = []
    for step in (iam.create_group, partial(iam.attach_group_policy, PolicyArn=arn)):
        attached.append(attached_to_group(arn))
        step(GroupName="mfa-group")

    assert [*attached, attached_to_group(arn)] == [Deleted("EnforcementGroup", "group"), False, True]


def attached_to_group(arn: str) -> bool | Deleted | Unreadable:
    policy, group = Resource("EnforcementPolicy", "", arn), Resource("EnforcementGroup", "", "mfa-group")
    read = Policies(read_only_session("us-east-1").client("iam")).policy(policy, group)
    assert isinstance(read, Policy)
    return read.attached_to_group


def test_denied_reads(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refused call is named with its permission, and everything else is read."""
    deny(monkeypatch, lambda operation: operation in {"GetAccountSummary", "GetQueueAttributes", "DescribeTrails"})

    read = facts()

    assert read.quotas == Unreadable("iam:GetAccountSummary", "AccessDenied")
    assert read.trails == Unreadable("cloudtrail:DescribeTrails", "AccessDenied")
    assert read.deployed
    assert read.deployed.queues == [
        Unreadable("sqs:GetQueueAttributes", "AccessDenied", f"queue {name}")
        for name in ("NewUsers", "NewUsersDeadLetters", "UndeliveredEvents")
    ]
    assert isinstance(read.deployed.policy, Policy)
    assert read.deployed.policy.default_version == "v1"
