"""No event gets lost before its function."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

from aws.cloudtrail import RecordedCall
from domain.api_call import Ignored
from enforce.event import read_fact as read_call
from notify.message import read_message
from release.event import read_fact as read_release
from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com", EnrolmentWindowDays="14")
ACCOUNT = "111122223333"
FORTNIGHT = 14 * 24 * 60 * 60
EVENTS = Path(__file__).parents[2] / "events"
PHYSICAL_NAMES = {
    "${EnforcementPolicy}": "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control",
    "${EnforcementGroup}": "mfa-enforcer-EnforcementGroup-1A2B3C4D5E6F",
}


# How the function behind each queue reads the body of a message.
READERS: dict[str, Callable[[str], object]] = {
    "NewUsers": lambda body: read_call(RecordedCall.from_message(body), ACCOUNT),
    "ChangedUsers": lambda body: read_call(RecordedCall.from_message(body), ACCOUNT),
    "ReleaseRequests": lambda body: read_release(body, ACCOUNT),
    "Mails": lambda body: read_message(body, ACCOUNT),
}


def named(kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type."""
    return {name: resource for name, resource in TEMPLATE.resources.items() if resource["Type"] == kind}


RULES, QUEUES, FUNCTIONS = named("AWS::Events::Rule"), named("AWS::SQS::Queue"), named("AWS::Serverless::Function")
TARGETS = [(rule, target) for rule, resource in RULES.items() for target in resource["Properties"]["Targets"]]
SOURCES = [
    (name, event["Properties"])
    for name, function in FUNCTIONS.items()
    for event in function["Properties"].get("Events", {}).values()
    if event["Type"] == "SQS"
]


def logical_name(reference: str) -> str:
    """Return the logical id in `${Name}` or `${Name.Arn}`."""
    return reference.removeprefix("${").removesuffix("}").removesuffix(".Arn")


def ids(value: object) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("rule", "target"), TARGETS, ids=ids)
def test_undelivered_events(rule: str, target: dict[str, Any]) -> None:
    """Events that a rule cannot deliver go to a dead-letter queue."""
    assert "DeadLetterConfig" in target, f"the target {target['Id']} of {rule} has no DeadLetterConfig"
    assert logical_name(target["DeadLetterConfig"]["Arn"]) in QUEUES
    for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
        assert rule in senders(arn), f"{arn} accepts nothing from {rule}"


def senders(queue_arn: str) -> set[str]:
    """Return the rules that the policy of a queue allows."""
    return {
        logical_name(rule)
        for policy in named("AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if queue_arn in as_list(statement["Resource"]) and statement["Effect"] == "Allow"
        for rule in as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    }


@pytest.mark.parametrize("name", named("AWS::SQS::QueuePolicy"))
def test_one_queue_per_policy(name: str) -> None:
    """A policy names one queue: SQS refuses others ("Special Information for SQS Policies")."""
    policy = TEMPLATE.resources[name]["Properties"]
    (queue,) = policy["Queues"]

    assert {statement["Resource"] for statement in policy["PolicyDocument"]["Statement"]} == {
        f"${{{logical_name(queue)}.Arn}}"
    }


def test_one_policy_per_queue() -> None:
    """No queue has two policies, because each would overwrite the other."""
    queues = [queue for policy in named("AWS::SQS::QueuePolicy").values() for queue in policy["Properties"]["Queues"]]

    assert len(set(queues)) == len(queues)


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_failed_message_returns_alone(function: str, source: dict[str, Any]) -> None:
    """A failed message returns to the queue without the rest of its batch."""
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_limited_concurrency(function: str, source: dict[str, Any]) -> None:
    """The concurrency of a function is limited."""
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_retries_and_dead_letters(function: str, source: dict[str, Any]) -> None:
    """A message is retried: six times the timeout, five receives or more ("Using Lambda with Amazon SQS")."""
    properties = QUEUES[logical_name(source["Queue"])]["Properties"]

    assert properties["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Properties"]["Timeout"]
    assert properties["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert logical_name(properties["RedrivePolicy"]["deadLetterTargetArn"]) in QUEUES


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_throttled_batch_fits(function: str, source: dict[str, Any]) -> None:
    """A fully throttled batch ends in time: waits of up to 1, 2, 4, … seconds ("Retry behavior", SDKs Reference)."""
    attempts = int(FUNCTIONS[function]["Properties"]["Environment"]["Variables"]["AWS_MAX_ATTEMPTS"])

    waits = source["BatchSize"] * sum(2**number for number in range(attempts - 1))

    assert waits < FUNCTIONS[function]["Properties"]["Timeout"] / 2


@pytest.mark.parametrize("name", QUEUES)
def test_queue_retention(name: str) -> None:
    """A queue is encrypted and keeps messages for 14 days."""
    properties = QUEUES[name]["Properties"]

    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == FORTNIGHT


def test_new_user_rule() -> None:
    """The rule matches successful creations of users in this account."""
    assert selected_by("NewUserRule") == {
        "create_user_cli_path",
        "create_user_cloudformation",
        "create_user_console",
        "create_user_duplicate_delivery",
        "create_user_permissions_boundary",
        "create_user_root",
        "create_user_sso_role",
        "create_user_terraform",
        "create_user_govcloud",  # the same account number, so that one set of samples serves both partitions
    }


def test_changed_user_rule() -> None:
    """The rule matches changes of attachment, membership, exemption, path or name, and new passwords."""
    assert selected_by("ChangedUserRule") == {
        "create_login_profile",
        "detach_user_policy",
        "remove_user_from_group",
        "tag_user_exempt",
        "untag_user_exempt",
        "update_login_profile",
        "update_user_path",
        "update_user_rename",
    }


def test_passwords_without_limit() -> None:
    """If windows have no end, no rule sends passwords to `enforce`."""
    pattern = json.dumps(Template().resources["ChangedUserRule"]["Properties"]["EventPattern"])

    assert "LoginProfile" not in pattern
    assert "DetachUserPolicy" in pattern


@pytest.mark.parametrize(("rule", "target"), TARGETS, ids=ids)
def test_function_acts_on_samples(rule: str, target: dict[str, Any]) -> None:
    """A rule lets at least one sample event through, and the function behind its queue reads each of them."""
    selected = selected_by(rule)
    assert selected, f"events/ has no sample that {rule} lets through"
    for sample in sorted(selected):
        body = (EVENTS / f"{sample}.json").read_text()
        fact = READERS[logical_name(target["Arn"])](body)
        unread = isinstance(fact, Ignored) and fact.reason.endswith(" of iam.amazonaws.com")
        assert not unread, f"{rule} lets {sample} through, but the function ignores it: {fact}"


def test_group_name_in_any_case() -> None:
    """The rules match the group's name in any case, because IAM does."""
    for sample, rule in (
        ("remove_user_from_group", "ChangedUserRule"),
        ("detach_group_policy", "EnforcementRule"),
        ("delete_group", "EnforcementRule"),
    ):
        event: Any = json.loads((EVENTS / f"{sample}.json").read_text())
        event["detail"]["requestParameters"]["groupName"] = event["detail"]["requestParameters"]["groupName"].upper()

        assert EventPattern(None, rendered(rule)).matches_event(event), sample


@pytest.mark.parametrize("alerted", ["ops@example.com", ""])
def test_subscription_outlives_release(alerted: str) -> None:
    """The subscription and the log exist until all users are released, so that ops get the notice."""
    resources = Template(AlertEmail=alerted).resources

    assert resources["EverybodyReleased"]["Properties"].get("ToldAt") == ("${AlertSubscription}" if alerted else None)
    assert resources["EverybodyReleased"]["DependsOn"] == "ReleaseMayGoOn", "with a condition it could be missing"
    assert resources["ReleaseLogs"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_own_detachments() -> None:
    """Detachments by `release` match no rule."""
    pattern = EventPattern(None, rendered("ChangedUserRule"))
    event: Any = json.loads((EVENTS / "detach_user_policy.json").read_text())
    issuer = {"sessionIssuer": {"arn": "${ReleaseRole.Arn}"}}
    by_release: Any = {**event, "detail": {**event["detail"], "userIdentity": {"sessionContext": issuer}}}

    assert pattern.matches_event(event)
    assert not pattern.matches_event(by_release)


def test_enforcement_rule() -> None:
    """The rule matches changes of our policy and our group."""
    assert selected_by("EnforcementRule") == {
        "create_policy_version",
        "set_default_policy_version",
        "delete_policy_version",
        "delete_policy",
        "detach_group_policy",
        "delete_group",
    }


def test_cloudformation_changes() -> None:
    """Changes by CloudFormation do not match."""
    pattern = EventPattern(None, rendered("EnforcementRule"))
    event: Any = json.loads((EVENTS / "create_policy_version.json").read_text())
    event["detail"]["sourceIPAddress"] = "cloudformation.amazonaws.com"

    assert not pattern.matches_event(event)


def test_deletion_rule() -> None:
    """The rule matches only deletions that failed with a conflict."""
    assert selected_by("FailedDeletionRule") == {"delete_user_error_delete_conflict"}


def test_attaching_functions_go_first() -> None:
    """The functions that attach depend on the release of all users, so CloudFormation deletes them first."""
    attaching = {
        name
        for name, resource in TEMPLATE.resources.items()
        if resource["Properties"].get("Handler", "").startswith(("enforce.", "reconcile."))
    }
    assert len(attaching) == 2

    assert {name for name in attaching if TEMPLATE.resources[name].get("DependsOn") != "EverybodyReleased"} == set()
    assert TEMPLATE.resources["EverybodyReleased"]["DependsOn"] == "ReleaseMayGoOn"


def selected_by(rule: str) -> set[str]:
    """Return the sample events that a rule matches, by moto's matcher."""
    pattern = EventPattern(None, rendered(rule))
    return {name for name, event in samples() if pattern.matches_event(event)}


def rendered(rule: str) -> dict[str, Any]:
    """Return a rule's pattern with the names in the samples."""
    text = json.dumps(RULES[rule]["Properties"]["EventPattern"])
    for reference, name in PHYSICAL_NAMES.items():
        text = text.replace(reference, name)
    pattern: dict[str, Any] = json.loads(text)
    return pattern


def samples() -> Iterator[tuple[str, Any]]:
    """Yield the EventBridge events among the samples."""
    for file in sorted(EVENTS.glob("*.json")):
        event = json.loads(file.read_text())
        if "detail-type" in event:
            yield file.stem, seen_by_rules(event)


def seen_by_rules(event: dict[str, Any]) -> dict[str, Any]:
    """Turn tags inside out: EventBridge matches objects in an array, moto's matcher does not."""
    parameters = event["detail"].get("requestParameters") if isinstance(event["detail"], dict) else None
    if parameters and "tags" in parameters:
        parameters["tags"] = {"key": [tag["key"] for tag in parameters["tags"]]}
    return event


def as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]
