"""What the doctor makes of the facts: each fault is found, and comes with the command that mends it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ops.callers import Caller
from ops.doctor.checks import findings_on
from ops.doctor.facts import (
    Alarm,
    Deployed,
    Facts,
    Policy,
    Queue,
    Run,
    Sending,
    Subscription,
    Switch,
    Trail,
    Unreadable,
)
from ops.doctor.findings import Finding, Level
from ops.stacks import Resource, Stack

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
    resources=[Resource("OpsTopic", "AWS::SNS::Topic", TOPIC)],
)
QUEUE = Queue("NewUsers", "https://sqs/new", "arn:new", waiting=0, in_flight=0, ends_here=False, source=None)
DEAD_LETTERS = Queue("NewUsersDeadLetters", "https://sqs/dead", "arn:dead", 0, 0, ends_here=True, source="NewUsers")
UNDELIVERED = Queue("UndeliveredEvents", "https://sqs/undelivered", "arn:undelivered", 0, 0, True, None)
RUN = Run("sweep", "stack-Reconcile", "stack-ReconcileLogs", timedelta(hours=3), NOW - timedelta(minutes=50))
SENDING = Sending("mfa@example.com", "us-east-1", "example.com", production=True, enabled=True)
POLICY = Policy(ARN, "v2", 40, "mfa-group", group_carries_it=True)
DEPLOYED = Deployed(
    sending=SENDING,
    subscriptions=[Subscription("email", "ops@example.com", confirmed=True)],
    policy=POLICY,
    queues=[QUEUE, DEAD_LETTERS, UNDELIVERED],
    switches=[Switch("NewUserRule", "rule", "stack-NewUserRule", on=True)],
    runs=[RUN],
    alarms=[],
)
FACTS = Facts(NOW, Caller("111122223333", "aws"), "us-east-1", "mfa-enforcer", STACK, [TRAIL], QUOTAS, DEPLOYED)


def amiss(facts: Facts) -> list[Finding]:
    return [finding for finding in findings_on(facts) if finding.level is not Level.OK]


def only(facts: Facts) -> Finding:
    (finding,) = amiss(facts)
    return finding


def with_trail(**changes: object) -> Facts:
    return replace(FACTS, trails=[replace(TRAIL, **changes)])  # type: ignore[arg-type]  # fields by name


def with_deployed(**changes: object) -> Facts:
    return replace(FACTS, deployed=replace(DEPLOYED, **changes))  # type: ignore[arg-type]  # fields by name


def test_where_all_is_well_every_check_says_so() -> None:
    findings = findings_on(FACTS)

    assert amiss(FACTS) == []
    assert [finding.check for finding in findings] == [
        "Region", "Trail", "Quotas", "Stack", "Policy", "Switches", "Queues", "Runs", "Mail", "Ops topic", "Alarms",
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

    assert (finding.level, finding.check) == (Level.WARNING, "Trail")
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
    assert findings[-1].remedy.startswith("sam build && sam deploy --guided")


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
    finding = only(replace(FACTS, stack=replace(STACK, status=status)))

    assert (finding.check, finding.level) == ("Stack", level)
    assert status in finding.text or status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_dry_run_does_not_pass_for_enforcement() -> None:
    finding = only(replace(FACTS, stack=replace(STACK, parameters={"DryRun": "true"})))

    assert "nobody is enforced" in finding.text
    assert "DryRun=false" in finding.remedy


def test_a_policy_that_was_changed_outside_the_stack_fails() -> None:
    finding = only(with_deployed(policy=replace(POLICY, default_version="v3")))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert finding.remedy == f"aws iam set-default-policy-version --policy-arn {ARN} --version-id v2"


def test_a_group_that_no_longer_carries_the_policy_fails() -> None:
    finding = only(with_deployed(policy=replace(POLICY, group_carries_it=False)))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert finding.remedy == f"aws iam attach-group-policy --group-name mfa-group --policy-arn {ARN}"


def test_a_policy_that_is_gone_fails() -> None:
    assert "nobody is enforced" in only(with_deployed(policy=None)).text


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("rule", "aws events enable-rule --name n"),
        ("queue's connection", "--uuid n --enabled"),
        ("schedule", "sam deploy"),
    ],
)
def test_what_is_switched_off_fails(kind: str, remedy: str) -> None:
    finding = only(with_deployed(switches=[Switch("Logical", kind, "n", on=False)]))

    assert "Logical is switched off" in finding.text
    assert remedy in finding.remedy


@pytest.mark.parametrize("where", ["waiting", "in_flight"])
def test_a_dead_letter_fails_and_can_be_sent_back(where: str) -> None:
    finding = only(with_deployed(queues=[replace(DEAD_LETTERS, **{where: 2})]))  # type: ignore[arg-type]  # fields by name

    assert (finding.check, finding.level) == ("Queues", Level.FAILURE)
    assert "NewUsersDeadLetters holds 2" in finding.text
    assert "aws sqs start-message-move-task --source-arn arn:dead" in finding.remedy


def test_what_no_queue_has_sent_cannot_be_sent_back_and_so_is_not_said_to() -> None:
    finding = only(with_deployed(queues=[replace(UNDELIVERED, waiting=1)]))

    assert "start-message-move-task" not in finding.remedy
    assert "aws sqs purge-queue --queue-url https://sqs/undelivered" in finding.remedy


def test_work_that_waits_is_no_failure() -> None:
    finding = only(with_deployed(queues=[replace(QUEUE, waiting=7, in_flight=3)]))

    assert (finding.level, finding.text) == (Level.WARNING, "NewUsers has 7 waiting, 3 in work")


def test_work_in_flight_alone_is_as_it_should_be() -> None:
    assert amiss(with_deployed(queues=[replace(QUEUE, in_flight=3)])) == []


@pytest.mark.parametrize("last", [None, NOW - timedelta(hours=4)])
def test_a_sweep_that_has_not_been_fails(last: datetime | None) -> None:
    finding = only(with_deployed(runs=[replace(RUN, last=last)]))

    assert (finding.check, finding.level) == ("Runs", Level.FAILURE)
    assert finding.remedy.startswith("sam remote invoke stack-Reconcile")


def test_a_new_stack_need_not_have_run() -> None:
    facts = with_deployed(runs=[replace(RUN, last=None)])

    assert amiss(replace(facts, stack=replace(STACK, created=NOW - timedelta(minutes=30)))) == []


@pytest.mark.parametrize(
    ("changes", "level", "remedy"),
    [
        ({"enabled": False}, Level.FAILURE, "aws sesv2 get-account"),
        (
            {"identity": None},
            Level.FAILURE,
            "create-email-identity --region us-east-1 --email-identity mfa@example.com",
        ),
        ({"production": False}, Level.WARNING, "put-account-details"),
    ],
)
def test_mail_that_will_not_arrive_is_said(changes: dict[str, object], level: Level, remedy: str) -> None:
    finding = only(with_deployed(sending=replace(SENDING, **changes)))  # type: ignore[arg-type]  # fields by name

    assert (finding.check, finding.level) == ("Mail", level)
    assert remedy in finding.remedy


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


@pytest.mark.parametrize("part", ["sending", "subscriptions", "policy", "queues", "switches", "runs", "alarms"])
def test_what_must_not_be_read_is_a_finding_and_the_rest_is_still_checked(part: str) -> None:
    facts = with_deployed(**{part: Unreadable("service:ReadIt", "AccessDeniedException")})

    finding = only(facts)

    assert (finding.level, finding.text) == (Level.WARNING, "could not be read: needs service:ReadIt")
    assert len(findings_on(facts)) == 11


@pytest.mark.parametrize("part", ["trails", "quotas", "stack"])
def test_what_must_not_be_read_of_the_account_is_a_finding_too(part: str) -> None:
    facts = replace(FACTS, deployed=None, **{part: Unreadable("service:ReadIt", "AccessDenied")})  # type: ignore[arg-type]  # fields by name

    assert "needs service:ReadIt" in amiss(facts)[0].text


def test_what_aws_did_not_answer_is_not_called_a_missing_permission() -> None:
    finding = only(with_deployed(alarms=Unreadable("cloudwatch:DescribeAlarms", "ThrottlingException")))

    assert finding.text == "could not be read: cloudwatch:DescribeAlarms answered ThrottlingException"
