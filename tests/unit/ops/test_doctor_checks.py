"""What the doctor makes of the facts: each fault is found, and comes with the command that mends it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jmespath
import pytest

from ops.callers import Caller
from ops.doctor.checks import findings_on
from ops.doctor.facts import (
    Alarm,
    Deleted,
    Deployed,
    Facts,
    Policy,
    Queue,
    Run,
    Sending,
    Subscription,
    Toggle,
    Trail,
    Unreadable,
)
from ops.doctor.findings import Finding, Level
from ops.stacks import Resource, Stack
from tests.commands import calls_in, check_all, request_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ARN = "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control"
TOPIC = "arn:aws:sns:us-east-1:111122223333:ops"
TRAIL = Trail("audit", "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit", "us-east-1", True, True, True, True)
QUOTAS = {"Users": 41, "UsersQuota": 5000, "Groups": 3, "GroupsQuota": 300, "AttachedPoliciesPerUserQuota": 10}
STACK = Stack(
    name="mfa-enforcer",
    status="UPDATE_COMPLETE",
    reason="",
    created=NOW - timedelta(days=30),
    parameters={"DryRun": "false"},
    outputs={"PolicyVersion": "v2"},
    resources=[
        Resource("OpsTopic", "AWS::SNS::Topic", TOPIC),
        Resource("EnforcementPolicy", "AWS::IAM::ManagedPolicy", ARN),
    ],
)
QUEUE = Queue("NewUsers", "https://sqs/new", "arn:new", waiting=0, in_flight=0, is_dead_letter=False, source=None)
DEAD_LETTERS = Queue(
    "NewUsersDeadLetters", "https://sqs/dead", "arn:dead", 0, 0, is_dead_letter=True, source="NewUsers"
)
UNDELIVERED = Queue("UndeliveredEvents", "https://sqs/undelivered", "arn:undelivered", 0, 0, True, None)
RUN = Run("sweep", "stack-Reconcile", "stack-ReconcileLogs", timedelta(hours=3), NOW - timedelta(minutes=50))
SENDING = Sending("mfa@example.com", "us-east-1", "example.com", production=True, enabled=True)
SCHEDULE = {
    "Name": "n",
    "GroupName": "default",
    "ScheduleExpression": "rate(1 hour)",
    "ScheduleExpressionTimezone": "UTC",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:lambda:us-east-1:111122223333:function:stack-Reconcile",
        "RoleArn": "arn:aws:iam::111122223333:role/stack-Schedule",
        "Input": '{"action": "reconcile"}',
    },
    "State": "DISABLED",
}
UUID = "3d5a1b9e-0c5e-4c3a-9c8f-2f1f6a0e7b11"
HIDDEN = Unreadable("service:ReadIt", "AccessDeniedException")
POLICY = Policy(ARN, "v2", 40, "mfa-group", group_carries_it=True)
DEPLOYED = Deployed(
    stack=STACK,
    now=NOW,
    samconfig={},
    sending=SENDING,
    subscriptions=[Subscription("email", "ops@example.com", confirmed=True)],
    policy=POLICY,
    queues=[QUEUE, DEAD_LETTERS, UNDELIVERED],
    toggles=[Toggle("NewUserRule", "rule", "stack-NewUserRule", on=True)],
    runs=[RUN],
    alarms=[Alarm("stack-NoSweepAlarm", "No sweep.", rings=False)],
)
FACTS = Facts(Caller("111122223333", "aws"), "us-east-1", "mfa-enforcer", STACK, [TRAIL], QUOTAS, DEPLOYED)


def amiss(facts: Facts) -> list[Finding]:
    """Return what is not in order; every remedy can be copied into a shell."""
    found = [finding for finding in findings_on(facts) if finding.level is not Level.OK]
    for finding in found:
        assert "\n" not in finding.remedy
        check_all(commands_of(finding))
    return found


def said(facts: Facts, check: str) -> list[str]:
    return [finding.text for finding in findings_on(facts) if finding.check == check]


def commands_of(finding: Finding) -> str:
    """Return the commands of a remedy, those in its note too, as a script."""
    command, _, note = finding.remedy.partition("  # ")
    return "\n".join([command, *re.findall(r"then: (.*)", note)])


def requests(finding: Finding) -> list[tuple[str, dict[str, Any]]]:
    """Return what the calls of the AWS CLI in a remedy ask for."""
    calls = calls_in(commands_of(finding))
    return [request_of(call) for call in calls if call[0] == "aws"]


def request(finding: Finding) -> tuple[str, dict[str, Any]]:
    (found,) = requests(finding)
    return found


def only(facts: Facts) -> Finding:
    (finding,) = amiss(facts)
    return finding


def with_trail(**changes: object) -> Facts:
    return replace(FACTS, trails=[replace(TRAIL, **changes)])  # type: ignore[arg-type]  # fields by name


def with_deployed(**changes: object) -> Facts:
    return replace(FACTS, deployed=replace(DEPLOYED, **changes))  # type: ignore[arg-type]  # fields by name


def with_stack(**changes: object) -> Facts:
    return replace(FACTS, stack=replace(STACK, **changes))  # type: ignore[arg-type]  # fields by name


def test_where_all_is_well_every_check_says_so() -> None:
    findings = findings_on(FACTS)

    assert amiss(FACTS) == []
    assert [finding.check for finding in findings] == [
        "Region", "Trail", "Quotas", "Stack", "Parameters", "Policy", "Switches", "Queues", "Runs", "Mail", "Ops topic",
        "Alarms",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("partition", "region", "wanted"),
    [("aws", "eu-central-1", "us-east-1"), ("aws-us-gov", "us-east-1", "us-gov-west-1")],
)
def test_another_region_than_iams_fails(partition: str, region: str, wanted: str) -> None:
    finding = only(replace(FACTS, caller=Caller("111122223333", partition), region=region, trails=[TRAIL]))

    assert finding.level is Level.FAILURE
    assert wanted in finding.text
    assert finding.remedy.startswith(f"make doctor REGION={wanted}")


def test_a_partition_without_support_fails() -> None:
    assert only(replace(FACTS, caller=Caller("111122223333", "aws-cn"))).level is Level.FAILURE


def test_no_trail_fails() -> None:
    finding = only(replace(FACTS, trails=[]))

    assert (finding.check, finding.level) == ("Trail", Level.FAILURE)
    assert "CreateTrail=true" in finding.remedy


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"logging": False}, "start-logging"),
        ({"multi_region": False, "home_region": "eu-west-1"}, "--is-multi-region-trail"),
        ({"global_events": False}, "--include-global-service-events"),
        ({"logs_iam_writes": False}, "CreateTrail=true"),
    ],
)
def test_a_trail_that_does_not_log_iams_writes_fails(changes: dict[str, object], remedy: str) -> None:
    finding = only(with_trail(**changes))

    assert (finding.check, finding.level) == ("Trail", Level.FAILURE)
    assert remedy in finding.remedy
    assert TRAIL.arn in finding.remedy or remedy == "CreateTrail=true"
    assert "put-event-selectors" not in finding.remedy  # it would take away what the trail logs by now


def test_one_good_trail_is_enough() -> None:
    assert amiss(replace(FACTS, trails=[replace(TRAIL, logging=False), TRAIL])) == []


def test_a_trail_that_hides_what_it_logs_is_neither_called_good_nor_bad() -> None:
    hidden = replace(TRAIL, logging=False, logs_iam_writes=False, hidden="GetEventSelectors")
    finding = only(replace(FACTS, trails=[hidden, replace(TRAIL, logging=False)]))

    assert (finding.level, finding.check) == (Level.UNKNOWN, "Trail")
    assert "needs cloudtrail:GetEventSelectors, or is the organization's" in finding.text
    assert amiss(replace(FACTS, trails=[hidden, TRAIL])) == []


def test_a_single_region_trail_at_home_is_enough() -> None:
    assert amiss(with_trail(multi_region=False)) == []


def test_an_account_that_is_nearly_full_is_said() -> None:
    finding = only(replace(FACTS, quotas={**QUOTAS, "Users": 4900}))

    assert (finding.level, finding.text) == (Level.WARNING, "nearly used up: users 4,900 of 5,000")


def test_before_the_deployment_what_it_needs_is_checked_and_no_more() -> None:
    findings = findings_on(replace(FACTS, stack=None, deployed=None))

    assert [finding.check for finding in findings] == ["Region", "Trail", "Quotas", "Stack"]
    assert findings[-1].remedy.startswith("sam build && sam deploy  #")


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
def test_a_stack_that_is_not_whole_is_said(status: str, level: Level) -> None:
    finding = only(with_stack(status=status))

    assert (finding.check, finding.level) == ("Stack", level)
    assert status in finding.text or status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_dry_run_does_not_pass_for_enforcement() -> None:
    finding = only(with_stack(parameters={"DryRun": "true"}))

    assert "nobody is enforced" in finding.text
    assert "DryRun=false" in finding.remedy


def test_a_policy_that_was_changed_outside_the_stack_fails() -> None:
    finding = only(with_deployed(policy=replace(POLICY, default_version="v3")))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert request(finding) == ("SetDefaultPolicyVersion", {"PolicyArn": ARN, "VersionId": "v2"})


def test_a_group_that_no_longer_carries_the_policy_fails() -> None:
    finding = only(with_deployed(policy=replace(POLICY, group_carries_it=False)))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert request(finding) == ("AttachGroupPolicy", {"GroupName": "mfa-group", "PolicyArn": ARN})


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("rule", ("EnableRule", {"Name": UUID})),
        ("queue's connection", ("UpdateEventSourceMapping", {"UUID": UUID, "Enabled": True})),
        ("schedule", ("UpdateSchedule", {**SCHEDULE, "State": "ENABLED"})),
    ],
)
def test_what_is_switched_off_fails(kind: str, remedy: tuple[str, dict[str, Any]]) -> None:
    """What is switched off is switched on by itself; a schedule is given all that it has, or it would lose the rest."""
    finding = only(with_deployed(toggles=[Toggle("Logical", kind, UUID, on=False, schedule=SCHEDULE)]))

    assert (finding.level, finding.text) == (Level.FAILURE, f"the {kind} Logical is switched off")
    assert request(finding) == remedy


@pytest.mark.parametrize("where", ["waiting", "in_flight"])
def test_a_dead_letter_fails_and_can_be_sent_back(where: str) -> None:
    finding = only(with_deployed(queues=[replace(DEAD_LETTERS, **{where: 2})]))  # type: ignore[arg-type]  # fields by name

    assert (finding.check, finding.level) == ("Queues", Level.FAILURE)
    assert "NewUsersDeadLetters holds 2" in finding.text
    assert [operation for operation, _ in requests(finding)] == ["ReceiveMessage", "StartMessageMoveTask"]


def test_what_no_queue_has_sent_cannot_be_sent_back_and_so_is_not_said_to() -> None:
    finding = only(with_deployed(queues=[replace(UNDELIVERED, waiting=1)]))

    assert requests(finding)[1:] == [("PurgeQueue", {"QueueUrl": "https://sqs/undelivered"})]


def test_work_that_waits_is_no_failure() -> None:
    finding = only(with_deployed(queues=[replace(QUEUE, waiting=7, in_flight=3)]))

    assert (finding.level, finding.text) == (Level.WARNING, "NewUsers has 7 waiting, 3 in flight")


def test_work_in_flight() -> None:
    """Messages in work alone are as they should be, and are not called none."""
    facts = with_deployed(queues=[replace(QUEUE, in_flight=3), DEAD_LETTERS])

    assert amiss(facts) == []
    assert said(facts, "Queues") == ["nothing waits; NewUsers has 3 in flight"]
    assert said(FACTS, "Queues") == ["all 3 are empty"]


@pytest.mark.parametrize("last", [None, NOW - timedelta(hours=4)])
def test_a_sweep_that_has_not_been_fails(last: datetime | None) -> None:
    finding = only(with_deployed(runs=[replace(RUN, last=last)]))

    assert (finding.check, finding.level) == ("Runs", Level.FAILURE)
    invoke, logs = calls_in(commands_of(finding))
    assert invoke == [
        "sam", "remote", "invoke", "ReconcileFunction", "--region", "us-east-1", "--stack-name", "mfa-enforcer",
        "--parameter", "InvocationType=Event", "--event", '{"action": "reconcile"}',
    ]  # fmt: skip
    assert logs[:2] == ["sam", "logs"]


def test_a_new_stack_need_not_have_run() -> None:
    young = replace(STACK, created=NOW - timedelta(minutes=30))

    assert amiss(with_deployed(stack=young, runs=[replace(RUN, last=None)])) == []


@pytest.mark.parametrize(
    ("changes", "level", "remedy"),
    [
        ({"enabled": False}, Level.FAILURE, "GetAccount"),
        ({"identity": None}, Level.FAILURE, "CreateEmailIdentity"),
        ({"production": False}, Level.WARNING, "PutAccountDetails"),
    ],
)
def test_mail_that_will_not_arrive_is_said(changes: dict[str, object], level: Level, remedy: str) -> None:
    sending = replace(SENDING, region="eu-west-1", **changes)  # type: ignore[arg-type]  # fields by name
    finding = only(with_deployed(sending=sending))

    assert (finding.check, finding.level) == ("Mail", level)
    assert request(finding)[0] == remedy
    assert "--region eu-west-1" in finding.remedy


def test_that_no_mail_goes_to_people_is_said() -> None:
    assert "SenderEmail is empty" in only(with_deployed(sending=None)).text


def test_a_subscription_without_confirmation_is_said() -> None:
    both = [*DEPLOYED.subscriptions, Subscription("email", "new@example.com", confirmed=False)]  # type: ignore[misc]  # readable here
    finding = only(with_deployed(subscriptions=both))

    assert "new@example.com has not confirmed" in finding.text
    assert f"--topic-arn {TOPIC}" in finding.remedy


def test_that_nobody_is_told_is_said() -> None:
    assert "nobody is subscribed" in only(with_deployed(subscriptions=[])).text


def test_an_alarm_that_rings_fails_and_says_what_it_means() -> None:
    finding = only(with_deployed(alarms=[Alarm("stack-DeadLetters", "Something failed for good.")]))

    assert finding.text == "stack-DeadLetters rings: Something failed for good."


@pytest.mark.parametrize(
    ("part", "fact"),
    [
        *((part, HIDDEN) for part in ("sending", "subscriptions", "policy", "runs", "alarms")),
        *((part, [HIDDEN]) for part in ("queues", "toggles")),
        ("policy", replace(POLICY, group_carries_it=HIDDEN)),
    ],
)
def test_what_must_not_be_read_is_not_known(part: str, fact: object) -> None:
    """What must not be read is neither well nor amiss, the permission is named, and the rest is checked."""
    facts = with_deployed(**{part: fact})

    finding = only(facts)

    assert (finding.level, finding.text) == (Level.UNKNOWN, "could not be read: needs service:ReadIt")
    assert len(findings_on(facts)) == 12


@pytest.mark.parametrize("part", ["trails", "quotas", "stack"])
def test_what_must_not_be_read_of_the_account_is_a_finding_too(part: str) -> None:
    facts = replace(FACTS, deployed=None, **{part: Unreadable("service:ReadIt", "AccessDenied")})  # type: ignore[arg-type]  # fields by name

    assert "needs service:ReadIt" in amiss(facts)[0].text


def test_what_aws_did_not_answer_is_not_called_a_missing_permission() -> None:
    finding = only(with_deployed(alarms=Unreadable("cloudwatch:DescribeAlarms", "ThrottlingException")))

    assert (finding.level, finding.text) == (
        Level.UNKNOWN,
        "could not be read: cloudwatch:DescribeAlarms answered ThrottlingException",
    )


def test_a_part_that_could_not_be_read_is_named() -> None:
    """A part that could not be read is named, and hides none of the others."""
    denied = Unreadable("sqs:GetQueueAttributes", "AccessDenied", "queue Mails")
    full = replace(DEAD_LETTERS, waiting=1)
    hidden, dead = amiss(with_deployed(queues=[denied, full, QUEUE]))

    assert hidden.text == "the queue Mails could not be read: needs sqs:GetQueueAttributes"
    assert dead.text.startswith("NewUsersDeadLetters holds 1")


def test_without_an_answer_the_error_is_named() -> None:
    """Where nothing answered there is no permission to name."""
    finding = only(with_deployed(runs=Unreadable("", "ReadTimeoutError")))

    assert finding.text == "could not be read: ReadTimeoutError"


@pytest.mark.parametrize(
    ("check", "fact"),
    [
        ("Policy", {"policy": Deleted("EnforcementPolicy", "policy")}),
        ("Policy", {"policy": replace(POLICY, group_carries_it=Deleted("EnforcementGroup", "group"))}),
        ("Ops topic", {"subscriptions": Deleted("OpsTopic", "topic")}),
        ("Switches", {"toggles": [*DEPLOYED.toggles, Deleted("SweepSchedule", "schedule")]}),
        ("Queues", {"queues": [QUEUE, Deleted("Mails", "queue")]}),
        ("Alarms", {"alarms": [*DEPLOYED.alarms, Deleted("NoSweepAlarm", "alarm")]}),  # type: ignore[misc]  # readable here
    ],
)
def test_what_somebody_has_deleted_fails(check: str, fact: dict[str, object]) -> None:
    """A part that is gone is a failure, and is made again by a change set that looks at what there is."""
    finding = only(with_deployed(**fact))

    assert (finding.check, finding.level) == (check, Level.FAILURE)
    assert finding.text.startswith("somebody has deleted the ")
    described, created, executed = requests(finding)
    assert described == ("DescribeStacks", {"StackName": "mfa-enforcer"})
    assert created[0] == "CreateChangeSet"
    assert (created[1]["DeploymentMode"], created[1]["UsePreviousTemplate"]) == ("REVERT_DRIFT", True)
    assert executed == ("ExecuteChangeSet", {"StackName": "mfa-enforcer", "ChangeSetName": "put-back"})


def test_what_is_gone_hides_nothing() -> None:
    """What is gone is named at once, and what is switched off beside it as well."""
    off = Toggle("NewUserRule", "rule", "n", on=False)
    gone = [Deleted("ChangedUserRule", "rule"), Deleted("SweepSchedule", "schedule")]
    deleted, switched_off = amiss(with_deployed(toggles=[*gone, off]))

    assert deleted.text == "somebody has deleted the rule ChangedUserRule, the schedule SweepSchedule"
    assert switched_off.text == "the rule NewUserRule is switched off"


def test_that_nobody_is_enforced_or_told_is_said() -> None:
    """What it means that the policy or the topic is gone is said."""
    policy, topic = amiss(
        with_deployed(policy=Deleted("EnforcementPolicy", "policy"), subscriptions=Deleted("OpsTopic", "topic"))
    )

    assert policy.text.endswith(": nobody is enforced")
    assert topic.text.endswith(": ops are told nothing")


def test_every_parameter_keeps_its_value_when_parts_are_made_again() -> None:
    """A change set would take the default of each parameter that it does not name."""
    finding = only(with_deployed(subscriptions=Deleted("OpsTopic", "topic")))
    (query,) = re.findall('--query "?(.+?)"? --output', finding.remedy.replace("'\"'\"'", "'"))
    stacks = {"Stacks": [{"Parameters": [{"ParameterKey": "DryRun", "ParameterValue": "true"}, {"ParameterKey": "B"}]}]}

    kept = jmespath.search(query.strip("'"), stacks)

    assert kept == ["ParameterKey=DryRun,UsePreviousValue=true", "ParameterKey=B,UsePreviousValue=true"]


def test_alarms_that_tell_nobody_fail() -> None:
    """An alarm whose actions are switched off is no alarm."""
    finding = only(with_deployed(alarms=[Alarm("a", "", rings=False), Alarm("b", "", rings=False, tells=False)]))

    assert finding.level is Level.FAILURE
    assert request(finding) == ("EnableAlarmActions", {"AlarmNames": ["b"]})


def test_a_stack_that_was_never_created() -> None:
    """A first change set that was declined leaves a stack without parts; nobody waits for it to be done."""
    facts = replace(FACTS, stack=replace(STACK, status="REVIEW_IN_PROGRESS", resources=[]), deployed=None)
    finding = only(facts)

    assert (finding.level, finding.check) == (Level.WARNING, "Stack")
    assert finding.text == "mfa-enforcer was never created: nobody has executed its first change set"
    assert calls_in(finding.remedy) == [["sam", "deploy", "--region", "us-east-1", "--stack-name", "mfa-enforcer"]]


def test_another_stack_is_not_taken_for_ours() -> None:
    """A stack without the policy is none of ours, and the command shows those that are."""
    facts = replace(FACTS, stack=replace(STACK, resources=STACK.resources[:1]), deployed=None)
    finding = only(facts)

    assert (finding.level, finding.text) == (Level.FAILURE, "mfa-enforcer is no stack of mfa-enforcer")
    assert request(finding) == ("DescribeStacks", {})


def test_a_minute_is_no_minutes() -> None:
    """A number of one has no plural."""
    facts = with_deployed(runs=[replace(RUN, last=NOW - timedelta(seconds=70))])

    assert said(facts, "Runs") == ["last sweep 1 minute ago"]
