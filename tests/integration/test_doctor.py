"""The doctor and the report on moto: every call only reads, needs what it says it needs, and may be refused."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber
from moto import mock_aws
from rich.console import Console

import ops.read_only
from ops.doctor import __main__ as doctor
from ops.doctor.checks import findings_on
from ops.doctor.facts import Alarm, Deleted, Policy, Run, Subscription, Toggle, Unreadable
from ops.doctor.gathering import ADAPTERS, gather
from ops.doctor.reads.notifications import Mail
from ops.doctor.reads.resources import Alarms, Policies, Toggles
from ops.doctor.reads.runs import Runs
from ops.progress import progress
from ops.read_only import WouldWrite, read_only_session
from ops.report import __main__ as report
from ops.report.gathering import ADAPTERS as REPORT_ADAPTERS
from ops.stacks import Resource, Stack, Stacks

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_cloudwatch.type_defs import MetricTypeDef

NOW = datetime.now(UTC)
TEMPLATE = {
    "Parameters": {
        name: {"Type": "String", "Default": default}
        for name, default in {
            "SenderEmail": "", "SesRegion": "", "ReminderOverdueHours": "80",
            "ExemptPaths": "/service/", "EscalateAfterDays": "14",
        }.items()
    },
    "Resources": {
        "OpsTopic": {"Type": "AWS::SNS::Topic"},
        "NewUsers": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["NewUsersDeadLetters", "Arn"]}, "maxReceiveCount": 8
                }
            },
        },
        "NewUsersDeadLetters": {"Type": "AWS::SQS::Queue"},
        "UndeliveredEvents": {"Type": "AWS::SQS::Queue"},
        "NewUserRule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["aws.iam"]}}},
        "RemindLogs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "remind"}},
        "PeopleTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "user_id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "user_id", "AttributeType": "S"}],
            },
        },
        "EnforcementPolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": "mfa-control",
                "PolicyDocument": {
                    "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
                },
            },
        },
    },
    "Outputs": {"PolicyVersion": {"Value": "v1"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    with mock_aws():
        yield


@pytest.fixture
def stack() -> str:
    """A stack with a resource of each kind that the doctor looks at and moto can make."""
    boto3.client("cloudformation").create_stack(StackName="mfa-enforcer", TemplateBody=json.dumps(TEMPLATE))
    return "mfa-enforcer"


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every operation that a session of ours is asked for, as IAM names it."""
    seen: list[str] = []

    def watched(region: str) -> boto3.Session:
        session = read_only_session(region)

        def note(model: "OperationModel", **_: object) -> None:
            seen.append(
                f"{_IAM_NAMES.get(model.service_model.service_name, model.service_model.service_name)}:{model.name}"
            )

        session.events.register("before-call", note)
        return session

    for module in (doctor, report, ops.read_only):
        monkeypatch.setattr(module, "read_only_session", watched)
    return seen


_IAM_NAMES = {"sesv2": "ses"}


def deny(
    monkeypatch: pytest.MonkeyPatch, denied: Callable[[str], bool], error: Exception | str = "AccessDenied"
) -> None:
    """Let these operations fail, with an error or with a code that AWS answers."""
    call = boto3.Session.client

    def client(self: boto3.Session, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # a client of any service
        made = call(self, *arguments, **options)

        def refuse(model: "OperationModel", **_: object) -> None:
            if denied(model.name):
                if isinstance(error, Exception):
                    raise error
                raise ClientError({"Error": {"Code": error, "Message": "no"}}, model.name)

        made.meta.events.register("before-call", refuse)
        return made

    monkeypatch.setattr(boto3.Session, "client", client)


def test_a_session_of_ours_refuses_to_write() -> None:
    session = read_only_session("us-east-1")

    with pytest.raises(WouldWrite, match="CreateUser"):
        session.client("iam").create_user(UserName="alice")

    assert session.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize(("program", "adapters"), [(doctor, ADAPTERS), (report, REPORT_ADAPTERS)])
def test_nothing_is_called_but_what_reads_and_what_the_policy_allows(
    stack: str,
    operations: list[str],
    capsys: pytest.CaptureFixture[str],
    program: Any,  # noqa: ANN401  # either module
    adapters: tuple[type[Any], ...],
) -> None:
    boto3.client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket())

    program.main(["--stack-name", stack])
    capsys.readouterr()
    program.main(["--policy"])

    allowed = set(json.loads(capsys.readouterr().out)["Statement"][0]["Action"])
    assert allowed == {action for adapter in adapters for action in adapter.PERMISSIONS}
    assert operations
    assert set(operations) <= allowed
    reads = ("Describe", "Filter", "Get", "List", "Scan", "GenerateCredentialReport")
    assert all(action.partition(":")[2].startswith(reads) for action in allowed)


def bucket() -> str:
    boto3.client("s3").create_bucket(Bucket="trail-logs")
    return "trail-logs"


def facts() -> Any:  # noqa: ANN401  # narrowed by each test
    return gather(read_only_session("us-east-1"), "mfa-enforcer", NOW)


def test_before_a_deployment_the_account_alone_is_read() -> None:
    found = facts()

    assert (found.caller.account, found.caller.partition) == ("111122223333", "aws")
    assert (found.stack, found.deployed, found.trails) == (None, None, [])
    assert found.quotas["Users"] == 0


def test_a_trail_is_read_with_what_it_logs() -> None:
    trails = boto3.client("cloudtrail")
    trails.create_trail(Name="audit", S3BucketName=bucket(), IsMultiRegionTrail=True)
    trails.put_event_selectors(
        TrailName="audit", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    )
    trails.start_logging(Name="audit")

    (trail,) = facts().trails

    assert (trail.name, trail.multi_region, trail.global_events, trail.logging, trail.logs_iam_writes) == (
        "audit", True, True, True, True,
    )  # fmt: skip


def test_a_trail_that_may_not_be_looked_into_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3.client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket())
    deny(monkeypatch, lambda operation: operation == "GetEventSelectors")

    assert [(trail.name, trail.hidden) for trail in facts().trails] == [("audit", "GetEventSelectors")]


MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


@pytest.mark.parametrize(
    ("selectors", "logs"),
    [
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]}, False),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, False),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT]}]}, True),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}]}]},
            True,
        ),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}]}]},
            False,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}]}
                ]
            },
            True,
        ),
        (
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [MANAGEMENT, {"Field": "eventSource", "NotStartsWith": ["iam."]}]}
                ]
            },
            False,
        ),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}, False),
        (
            {"AdvancedEventSelectors": [{"FieldSelectors": [MANAGEMENT, {"Field": "vpcEndpointId", "Equals": ["x"]}]}]},
            False,
        ),
    ],
)
def test_a_trails_selectors_tell_whether_iams_writes_are_in_it(selectors: dict[str, Any], logs: bool) -> None:
    trails = boto3.client("cloudtrail")
    trails.create_trail(Name="audit", S3BucketName=bucket())
    trails.put_event_selectors(TrailName="audit", **selectors)

    assert facts().trails[0].logs_iam_writes is logs


def test_the_stack_is_read_with_its_queues(stack: str) -> None:
    queue = boto3.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId="UndeliveredEvents"
    )
    url = queue["StackResourceDetail"]["PhysicalResourceId"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="an event")

    found = facts()

    assert isinstance(found.stack, Stack)
    assert found.stack.status == "CREATE_COMPLETE"
    assert [(queue.logical, queue.waiting, queue.is_dead_letter, queue.source) for queue in found.deployed.queues] == [
        ("NewUsers", 0, False, None),
        ("NewUsersDeadLetters", 0, True, "NewUsers"),
        ("UndeliveredEvents", 1, True, None),
    ]


@pytest.fixture
def missing(stack: str, request: pytest.FixtureRequest) -> Deleted:
    """A part of the stack that somebody has deleted."""
    physical = facts().stack.physical
    delete: dict[str, Callable[[str], Any]] = {
        "NewUserRule": lambda name: boto3.client("events").delete_rule(Name=name.rpartition("|")[2]),
        "NewUsers": lambda url: boto3.client("sqs").delete_queue(QueueUrl=url),
        "OpsTopic": lambda arn: boto3.client("sns").delete_topic(TopicArn=arn),
        "EnforcementPolicy": lambda arn: boto3.client("iam").delete_policy(PolicyArn=arn),
    }
    logical, kind = request.param
    delete[logical](physical[logical])
    return Deleted(logical, kind)


PARTS = [("NewUserRule", "rule"), ("NewUsers", "queue"), ("OpsTopic", "topic"), ("EnforcementPolicy", "policy")]


@pytest.mark.parametrize("missing", PARTS, indirect=True, ids=lambda part: part[0])
def test_a_part_that_was_deleted(missing: Deleted, capsys: pytest.CaptureFixture[str]) -> None:
    """A part that was deleted is known to be gone, ends the doctor with 1, and hides none of the others."""
    found = facts().deployed
    parts = [found.policy, found.subscriptions, *found.queues, *found.toggles]

    assert [part for part in parts if isinstance(part, Deleted)] == [missing]
    assert not any(isinstance(part, Unreadable) for part in parts)
    assert doctor.main(["--json"]) == 1
    assert f"somebody has deleted the {missing.kind} {missing.logical}" in capsys.readouterr().out


def coverage(*resources: Resource) -> Stack:
    return Stack("stack", "CREATE_COMPLETE", "", NOW, {}, {}, resources)


def toggles(*resources: Resource) -> list[Toggle | Deleted | Unreadable]:
    client = read_only_session("us-east-1").client
    return list(Toggles(client("events"), client("lambda"), client("scheduler")).toggles(coverage(*resources)))


def test_a_connection_and_a_schedule_that_were_deleted() -> None:
    """What connects a queue with its function, and a schedule, are known to be gone as well."""
    connection = Resource("EnforceFunctionNewUsers", "AWS::Lambda::EventSourceMapping", str(uuid4()))
    schedule = Resource("SweepSchedule", "AWS::Scheduler::Schedule", "sweep")

    assert toggles(connection, schedule) == [
        Deleted("EnforceFunctionNewUsers", "queue's connection"), Deleted("SweepSchedule", "schedule"),
    ]  # fmt: skip


def test_a_switch_that_may_not_be_read(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of toggle that may not be read is named, and the others are read."""
    deny(monkeypatch, lambda operation: operation == "GetSchedule")
    rule = facts().stack.part("NewUserRule")
    schedule = Resource("SweepSchedule", "AWS::Scheduler::Schedule", "sweep")

    found, hidden = toggles(rule, schedule)

    assert isinstance(found, Toggle)
    assert hidden == Unreadable("scheduler:GetSchedule", "AccessDenied", "schedule SweepSchedule")


def test_a_schedule_is_read_whole() -> None:
    """A schedule that was switched off is as before, and on, after it was updated with what is read of it."""
    scheduler = boto3.client("scheduler")
    scheduler.create_schedule(
        Name="sweep",
        ScheduleExpression="rate(1 hour)",
        ScheduleExpressionTimezone="Asia/Tokyo",
        Description="Whatever events missed is put right",
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

    (toggle,) = toggles(Resource("SweepSchedule", "AWS::Scheduler::Schedule", "sweep"))

    assert isinstance(toggle, Toggle)
    assert toggle.schedule
    assert not toggle.on
    scheduler.update_schedule(**{**toggle.schedule, "State": "ENABLED"})
    after = scheduler.get_schedule(Name="sweep")
    changing = {"ResponseMetadata", "LastModificationDate"}
    assert {name for name in before if before[name] != after[name]} - changing == {"State"}  # type: ignore[literal-required]  # any of its names


def test_alarms_are_compared_with_those_of_the_stack() -> None:
    """Each alarm of the stack is looked for, however many there are, and asked whether it would tell anybody.

    One may watch a metric, or math over it.
    """
    watch = boto3.client("cloudwatch")
    ours = [Resource(f"Alarm{number}", "AWS::CloudWatch::Alarm", f"stack-alarm{number}") for number in range(120)]
    for resource in ours[:-1]:
        watch.put_metric_alarm(
            AlarmName=resource.physical,
            AlarmDescription="It rings.",
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

    found = Alarms(read_only_session("us-east-1").client("cloudwatch")).alarms(coverage(*ours))

    assert len(found) == 120
    assert found[-1] == Deleted("Alarm119", "alarm")
    alarms = [alarm for alarm in found if isinstance(alarm, Alarm)]
    assert [alarm.name for alarm in alarms if alarm.rings] == ["stack-alarm3", "stack-alarm5"]
    assert [alarm.name for alarm in alarms if not alarm.tells] == ["stack-alarm7"]


def test_a_stack_that_was_only_looked_at() -> None:
    """A stack whose first change set nobody has executed has no parts to be missed."""
    template = json.dumps({"Resources": {"OpsTopic": {"Type": "AWS::SNS::Topic"}}})
    boto3.client("cloudformation").create_change_set(
        StackName="mfa-enforcer", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    found = facts()

    assert found.stack.status == "REVIEW_IN_PROGRESS"
    assert found.deployed is None
    assert "was never created" in findings_on(found)[-1].text


def test_a_stack_of_somebody_else() -> None:
    """A stack that is none of ours is not looked into."""
    template = json.dumps({"Resources": {"OpsTopic": {"Type": "AWS::SNS::Topic"}}})
    boto3.client("cloudformation").create_stack(StackName="mfa-enforcer", TemplateBody=template)
    found = facts()

    assert found.deployed is None
    assert findings_on(found)[-1].text == "mfa-enforcer is no stack of mfa-enforcer"


def test_what_is_not_yet_or_no_longer_in_the_stack() -> None:
    """A resource that is still to be created, or that an update has taken away, is no part of the stack."""
    client = read_only_session("us-east-1").client("cloudformation")
    summary = {"ResourceType": "AWS::SQS::Queue", "LastUpdatedTimestamp": NOW}
    with Stubber(client) as cloudformation:
        described = {"StackName": "s", "StackStatus": "UPDATE_IN_PROGRESS", "CreationTime": NOW}
        cloudformation.add_response("describe_stacks", {"Stacks": [described]})
        resources = [
            {"LogicalResourceId": "There", "PhysicalResourceId": "there", "ResourceStatus": "UPDATE_COMPLETE"},
            {"LogicalResourceId": "ToCome", "ResourceStatus": "CREATE_IN_PROGRESS"},
            {"LogicalResourceId": "Former", "PhysicalResourceId": "former", "ResourceStatus": "DELETE_COMPLETE"},
        ]
        cloudformation.add_response(
            "list_stack_resources", {"StackResourceSummaries": [{**summary, **each} for each in resources]}
        )

        found = Stacks(client).stack("s")

    assert found
    assert dict(found.physical) == {"There": "there"}


def test_a_rule_that_is_switched_off_is_seen(stack: str) -> None:
    before = [toggle.on for toggle in facts().deployed.toggles]
    (rule,) = boto3.client("events").list_rules()["Rules"]
    boto3.client("events").disable_rule(Name=rule["Name"])

    assert (before, [toggle.on for toggle in facts().deployed.toggles]) == ([True], [False])


def test_another_default_version_of_the_policy_is_seen(stack: str) -> None:
    iam = boto3.client("iam")
    (policy,) = iam.list_policies(Scope="Local")["Policies"]
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=document, SetAsDefault=True)

    assert facts().deployed.policy.default_version == "v2"


def test_it_is_seen_whether_the_group_carries_the_policy(stack: str) -> None:
    iam = boto3.client("iam")
    arn = iam.list_policies(Scope="Local")["Policies"][0]["Arn"]
    carried = []
    for step in (iam.create_group, partial(iam.attach_group_policy, PolicyArn=arn)):
        carried.append(carries(arn))
        step(GroupName="mfa-group")

    assert [*carried, carries(arn)] == [Deleted("EnforcementGroup", "group"), False, True]


def carries(arn: str) -> bool | Deleted | Unreadable:
    policy, group = Resource("EnforcementPolicy", "", arn), Resource("EnforcementGroup", "", "mfa-group")
    found = Policies(read_only_session("us-east-1").client("iam")).policy(policy, group)
    assert isinstance(found, Policy)
    return found.group_carries_it


def test_who_has_not_confirmed_is_told_from_who_has(stack: str) -> None:
    sns = boto3.client("sns")
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")

    assert facts().deployed.subscriptions == [Subscription("email", "ops@example.com", confirmed=True)]


@pytest.mark.parametrize(
    ("verified", "identity"),
    [(["mfa@example.com"], "mfa@example.com"), (["example.com"], "example.com"), ([], None)],
)
def test_the_sender_is_looked_up_by_address_and_then_by_domain(verified: list[str], identity: str | None) -> None:
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": True, "SendingEnabled": True})
        for name in ("mfa@example.com", "example.com"):
            if name in verified:
                ses.add_response("get_email_identity", {"VerifiedForSendingStatus": True}, {"EmailIdentity": name})
                break
            ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})

        sending = Mail(client).sending("mfa@example.com")

    assert (sending.identity, sending.production, sending.enabled, sending.region) == (
        identity, True, True, "us-east-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verified", "identity"), [("b.example.com", "b.example.com"), ("example.com", "example.com"), ("com", None)]
)
def test_a_verified_domain_covers_those_below_it(verified: str, identity: str | None) -> None:
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": True, "SendingEnabled": True})
        for name in ("mfa@a.b.example.com", "a.b.example.com", "b.example.com", "example.com"):
            if name == verified:
                ses.add_response("get_email_identity", {"VerifiedForSendingStatus": True}, {"EmailIdentity": name})
                break
            ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})

        assert Mail(client).sending("mfa@a.b.example.com").identity == identity


def test_an_identity_that_waits_for_its_verification_does_not_count() -> None:
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": False, "SendingEnabled": True})
        ses.add_response("get_email_identity", {"VerifiedForSendingStatus": False})
        ses.add_client_error("get_email_identity", "NotFoundException")

        assert Mail(client).sending("mfa@example.com").identity is None


def count(at: datetime, service: str = "remind") -> None:
    """Count as the reminder run does at its end."""
    boto3.client("cloudwatch").put_metric_data(
        Namespace="MfaEnforcer",
        MetricData=[
            {
                "MetricName": "ReminderRunsCompleted",
                "Dimensions": [{"Name": "service", "Value": service}],
                "Timestamp": at,
                "Value": 0,
                "Unit": "Count",
            }
        ],
    )


RUNNING = [Resource("RemindFunction", "AWS::Lambda::Function", "stack-Remind")]


def runs(parameters: dict[str, str], *resources: Resource) -> list[Run]:
    deployed = Stack("stack", "CREATE_COMPLETE", "", NOW, parameters, {}, [*RUNNING, *resources])
    return list(Runs(read_only_session("us-east-1").client("cloudwatch")).runs(deployed, NOW))


def test_the_last_run_is_the_last_that_was_counted_though_nobody_was_unenrolled() -> None:
    whole = NOW.replace(minute=NOW.minute // 5 * 5, second=0, microsecond=0)
    for hours in (24, 2):
        count(whole - timedelta(hours=hours))
    count(whole, service="another")

    (run,) = runs({"ReminderOverdueHours": "90"}, Resource("RemindLogs", "AWS::Logs::LogGroup", "remind"))

    assert run.last is not None
    assert replace(run, last=None) == Run("reminder run", "stack-Remind", "remind", timedelta(hours=90), None)
    assert timedelta(0) <= whole - timedelta(hours=2) - run.last < timedelta(minutes=5)


def test_an_older_stack_without_the_parameter_is_looked_at_by_its_default() -> None:
    assert runs({}) == [Run("reminder run", "stack-Remind", "", timedelta(hours=80), None)]


def test_whatever_is_refused_is_named_and_the_rest_is_read(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, lambda operation: operation in {"GetAccountSummary", "GetQueueAttributes", "DescribeTrails"})

    found = facts()

    assert found.quotas == Unreadable("iam:GetAccountSummary", "AccessDenied")
    assert found.trails == Unreadable("cloudtrail:DescribeTrails", "AccessDenied")
    assert found.deployed.queues == [
        Unreadable("sqs:GetQueueAttributes", "AccessDenied", f"queue {name}")
        for name in ("NewUsers", "NewUsersDeadLetters", "UndeliveredEvents")
    ]
    assert found.deployed.policy.default_version == "v1"


def test_one_who_may_read_nothing_gets_findings_and_no_crash(
    stack: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deny(monkeypatch, lambda operation: operation != "GetCallerIdentity")

    code = doctor.main(["--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 3
    assert [finding["text"] for finding in found if finding["level"] == "unknown"] == [
        "could not be read: needs cloudtrail:DescribeTrails",
        "could not be read: needs iam:GetAccountSummary",
        "could not be read: needs cloudformation:DescribeStacks",
    ]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("ExpiredToken", "Sign in first"),
        ("InvalidClientTokenId", "Sign in first"),
        (NoCredentialsError(), "Sign in first"),
        (EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/"), "Is there a way to the network"),
    ],
)
def test_where_aws_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception | str, hint: str
) -> None:
    """Without credentials that count, or without a network, the doctor says so and ends with 2."""
    deny(monkeypatch, lambda _: True, error)

    assert doctor.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("AWS cannot be asked: ")
    assert f". {hint}" in line


def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A profile that nobody has set up ends the doctor with 2 and a way to see those that there are."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert doctor.main([]) == 2
    assert "aws configure list-profiles" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--region", "us east"], ["--region", ""], ["--stack-name", "a b"]])
def test_what_is_no_region_or_stack(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What can be no Region and no stack's name is refused before AWS is asked."""
    with pytest.raises(SystemExit) as end:
        doctor.main(arguments)

    assert end.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_without_credentials_there_is_no_report_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deny(monkeypatch, lambda _: True)

    assert report.main([]) == 2
    assert capsys.readouterr().err.startswith("AWS cannot be asked")


def test_failures_end_with_1_and_show_their_remedy_in_one_line(
    stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")

    assert doctor.main([]) == 1

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert (
        "sam deploy --region us-east-1 --stack-name mfa-enforcer --parameter-overrides CreateTrail=true"
        "  # or create a trail of management events yourself"
    ) in lines


@pytest.mark.parametrize("deployed", [False, True])
def test_the_report_is_made_before_a_deployment_and_after_it(
    deployed: bool, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if deployed:
        request.getfixturevalue("stack")
    iam = boto3.client("iam")
    iam.create_user(UserName="alice")
    iam.create_login_profile(UserName="alice", Password="correct horse battery staple")
    iam.create_user(UserName="robot", Path="/service/")
    if deployed:
        iam.attach_user_policy(UserName="alice", PolicyArn=iam.list_policies(Scope="Local")["Policies"][0]["Arn"])

    assert report.main(["--format", "json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert {user["name"]: (user["enrolment"], user["enforced"]) for user in found["users"]} == {
        "alice": ("unenrolled", "attached" if deployed else "unknown"),
        "robot": ("exempt" if deployed else "dormant", "no" if deployed else "unknown"),
    }
    assert found["totals"]["unenrolled"] == 1


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--stack-name", "typo"], 2)])
@pytest.mark.parametrize("kind", ["html", "csv", "json"])
def test_without_a_stack_it_says_what_it_does_not_know(
    arguments: list[str], status: int, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing stack is named on stderr and in the report, which is written; a name that was given ends in 2."""
    boto3.client("iam").create_user(UserName="alice")
    file = tmp_path / f"report.{kind}"

    assert report.main([*arguments, "--format", kind, "--output", str(file)]) == status

    counted, missing = capsys.readouterr().err.splitlines()
    assert counted == f"1 user: {file}"
    name = arguments[1] if arguments else "mfa-enforcer"
    assert missing.startswith(f"No stack {name} in us-east-1: the report cannot say who is enforced or reminded. ")
    assert "make report STACK=" in missing
    assert (f"No stack {name} in us-east-1" if kind == "html" else "unknown") in file.read_text()


def test_a_stack_of_somebody_else_is_no_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    """A stack without our policy and table says nothing about who is enforced."""
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    boto3.client("cloudformation").create_stack(StackName="web-shop", TemplateBody=json.dumps(template))
    boto3.client("iam").create_user(UserName="alice")

    assert report.main(["--stack-name", "web-shop", "--format", "json"]) == 2

    answer = capsys.readouterr()
    assert json.loads(answer.out)["users"][0]["enforced"] == "unknown"
    assert "The stack web-shop in us-east-1 has no EnforcementPolicy and no PeopleTable" in answer.err


def test_what_may_not_be_read_for_the_report_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused call ends the report with 2, the name of the call, and where the policy is that is enough."""
    deny(monkeypatch, lambda operation: operation == "GetAccountAuthorizationDetails")

    assert report.main([]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "GetAccountAuthorizationDetails" in line
    assert "python -m ops.report --policy" in line


def test_a_file_that_cannot_be_written_ends_the_report_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A disk that is full after the account was read costs one line, not a traceback."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    assert report.main(["--output", str(tmp_path / "report.html")]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith("The report cannot be written: ")


@pytest.mark.parametrize("looked_at", [True, False])
def test_what_takes_long_is_shown_only_to_somebody_who_looks_on(looked_at: bool) -> None:
    """A terminal shows each call while it lasts; a file or a pipe gets nothing of it."""
    written = StringIO()
    session = read_only_session("us-east-1")

    with progress(session, Console(file=written, force_terminal=looked_at, width=200)):
        iam = session.client("iam")
        iam.list_users()
        iam.generate_credential_report()
        time.sleep(0.2)  # the line is drawn twelve times a second

    assert ("Waiting for IAM's credential report (call 2)" in written.getvalue()) is looked_at
    assert bool(written.getvalue()) is looked_at


@pytest.mark.parametrize("program", [doctor, report])
def test_an_interruption_is_no_traceback(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  # a module
    """Ctrl-C while AWS is asked ends each program with 130."""

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "read_only_session", interrupted)

    assert program.main([]) == 130


def test_an_error_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no answer of AWS keeps its traceback: it is a mistake in the program."""

    def mistaken(_: str) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(report, "read_only_session", mistaken)

    with pytest.raises(ValueError, match="ours"):
        report.main([])


@pytest.mark.parametrize(("kind", "begins"), [("html", "<!doctype html>"), ("csv", "user_id,user_name"), ("json", "{")])
def test_the_report_goes_to_a_file_in_each_format(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    begins: str,
) -> None:
    boto3.client("iam").create_user(UserName="alice")
    file = tmp_path / f"report.{kind}"

    assert report.main(["--format", kind, "--output", str(file)]) == 0

    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith(begins)
    assert "alice" in text
    assert capsys.readouterr().out == ""
