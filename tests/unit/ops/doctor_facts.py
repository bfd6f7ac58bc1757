"""The facts about a healthy stack, ways to change one of them, and readers of the findings on them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ops.callers import Caller
from ops.doctor.checks import account, findings_on, notifications, parameters, resources, stack
from ops.doctor.facts import Alarm, Deployed, Facts, Policy, Queue, Run, Sending, Subscription, Toggle, Trail
from ops.doctor.findings import Finding, Level
from ops.stacks import Resource, Stack
from tests.commands import calls_in, check_all, request_of

if TYPE_CHECKING:
    from ops.doctor.checking import Check

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
RUN = Run("sweep", timedelta(hours=3), NOW - timedelta(minutes=50))
SENDING = Sending("mfa@example.com", "us-east-1", "example.com", production=True, enabled=True)
POLICY = Policy(ARN, "v2", 40, "mfa-group", attached_to_group=True)
TOGGLE = Toggle("NewUserRule", "rule", "stack-NewUserRule", enabled=True)
ALARM = Alarm("stack-NoSweepAlarm", "No sweep.", in_alarm=False)
SUBSCRIPTION = Subscription("email", "ops@example.com", confirmed=True)
DEPLOYED = Deployed(
    stack=STACK,
    now=NOW,
    samconfig={},
    sending=SENDING,
    subscriptions=[SUBSCRIPTION],
    policy=POLICY,
    queues=[QUEUE, DEAD_LETTERS, UNDELIVERED],
    toggles=[TOGGLE],
    runs=[RUN],
    alarms=[ALARM],
)
FACTS = Facts(
    caller=Caller("111122223333", "aws"),
    region="us-east-1",
    stack_name="mfa-enforcer",
    stack=STACK,
    trails=[TRAIL],
    quotas=QUOTAS,
    deployed=DEPLOYED,
)


def with_account(**changes: object) -> Facts:
    """Return the healthy facts with other facts about the account."""
    return replace(FACTS, **changes)  # type: ignore[arg-type]  # fields by name


def with_trail(**changes: object) -> Facts:
    """Return the healthy facts with another trail."""
    return with_account(trails=[replace(TRAIL, **changes)])  # type: ignore[arg-type]  # fields by name


def with_stack(**changes: object) -> Facts:
    """Return the healthy facts with another stack."""
    stack = replace(STACK, **changes)  # type: ignore[arg-type]  # fields by name
    return with_account(stack=stack, deployed=replace(DEPLOYED, stack=stack))


def with_deployed(**changes: object) -> Facts:
    """Return the healthy facts with other facts about the deployed stack."""
    return with_account(deployed=replace(DEPLOYED, **changes))  # type: ignore[arg-type]  # fields by name


# One fault for each check.
FAULTS: "dict[Check, Facts]" = {
    account.region: with_account(region="eu-central-1"),
    account.trail: with_account(trails=[]),
    account.quotas: with_account(quotas={**QUOTAS, "Users": 4900}),
    stack.stack: with_stack(status="UPDATE_ROLLBACK_FAILED"),
    parameters.parameters: with_deployed(samconfig={"DryRun": "true"}),
    resources.policy: with_deployed(policy=replace(POLICY, default_version="v3")),
    resources.toggles: with_deployed(toggles=[replace(TOGGLE, enabled=False)]),
    resources.queues: with_deployed(queues=[QUEUE, replace(DEAD_LETTERS, waiting=2), UNDELIVERED]),
    stack.runs: with_deployed(runs=[replace(RUN, last=None)]),
    notifications.sending: with_deployed(sending=None),
    notifications.subscriptions: with_deployed(subscriptions=[]),
    stack.alarms: with_deployed(alarms=[replace(ALARM, in_alarm=True)]),
}


def faults(facts: Facts) -> list[Finding]:
    """Return the findings that are not ok, after checking that each remedy can be copied into a shell."""
    findings = [finding for finding in findings_on(facts) if finding.level is not Level.OK]
    for finding in findings:
        assert "\n" not in finding.remedy
        check_all(commands_of(finding))
    return findings


def fault(facts: Facts) -> Finding:
    """Return the only finding that is not ok."""
    (finding,) = faults(facts)
    return finding


def texts(facts: Facts, check: str) -> list[str]:
    """Return the texts of a check."""
    return [finding.text for finding in findings_on(facts) if finding.check == check]


def commands_of(finding: Finding) -> str:
    """Return the commands of a remedy and of its note as a script."""
    command, _, note = finding.remedy.partition("  # ")
    return "\n".join([command, *re.findall(r": ((?:aws|make|sam) .*)", note)])


def calls(finding: Finding) -> list[list[str]]:
    """Return the calls of a remedy."""
    return calls_in(commands_of(finding))


def requests(finding: Finding) -> list[tuple[str, dict[str, Any]]]:
    """Return the operations and parameters that a remedy sends to AWS."""
    return [request_of(call) for call in calls(finding) if call[0] == "aws"]


def request(finding: Finding) -> tuple[str, dict[str, Any]]:
    """Return the only operation that a remedy sends to AWS."""
    (sent,) = requests(finding)
    return sent
