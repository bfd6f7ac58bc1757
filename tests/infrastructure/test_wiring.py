"""No event gets lost before its function, and the stack deploys everywhere it should and nowhere else."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from aws.cloudtrail import RecordedCall
from domain.api_call import Ignored
from domain.input.settings import InvalidSetting, moment
from enforce.event import read_fact as read_call
from notify.message import read_message
from release.event import read_fact as read_release
from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com")
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
    """The rule matches changes of attachment, membership, exemption, path or name."""
    assert selected_by("ChangedUserRule") == {
        "detach_user_policy",
        "remove_user_from_group",
        "tag_user_exempt",
        "untag_user_exempt",
        "update_user_path",
        "update_user_rename",
    }


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_reserved_concurrency(name: str) -> None:
    """No concurrency is reserved: an account with the initial quota of ten could not deploy ("Lambda quotas")."""
    assert "ReservedConcurrentExecutions" not in FUNCTIONS[name]["Properties"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_description_and_retention(name: str) -> None:
    """A function has a description, and its log the retention that ops chose."""
    properties = FUNCTIONS[name]["Properties"]
    logs = TEMPLATE.resources[logical_name(properties["LoggingConfig"]["LogGroup"])]

    assert properties["Description"]
    assert logs["Properties"] == {"RetentionInDays": 90}


@pytest.mark.parametrize(("partition", "log_format"), [("aws", "JSON"), ("aws-us-gov", "Text")])
def test_log_format(partition: str, log_format: str) -> None:
    """GovCloud has no JSON ("AWS Lambda in AWS GovCloud (US)"), and a level needs JSON ("LoggingConfig")."""
    functions = [
        function["Properties"]["LoggingConfig"]
        for function in Template(partition=partition).transformed.values()
        if function["Type"] == "AWS::Lambda::Function"
    ]

    assert len(functions) == len(FUNCTIONS)
    assert {config["LogFormat"] for config in functions} == {log_format}
    assert {key for config in functions for key in config} == {"LogFormat", "LogGroup"}


@pytest.mark.parametrize(
    ("region", "accepted"),
    [("us-east-1", True), ("us-gov-west-1", True), ("eu-central-1", False), ("us-west-2", False)],
)
def test_regions(region: str, accepted: bool) -> None:
    """Only the Regions that get IAM's events are accepted."""
    [assertion] = TEMPLATE.source["Rules"]["IamEventRegion"]["Assertions"]
    regions, wanted = assertion["Assert"]["Fn::Contains"]

    assert wanted == {"Ref": "AWS::Region"}
    assert (region in regions) == accepted
    assert "--region us-east-1" in assertion["AssertDescription"]


def test_report_expiry() -> None:
    """A report is deleted a month after its time: expiry only hides it ("Lifecycle configuration elements")."""
    [rule] = TEMPLATE.resources["ReportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    assert rule["ExpirationInDays"] == TEMPLATE.source["Parameters"]["ReportRetentionDays"]["Default"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_trail_is_retained() -> None:
    """The trail, its bucket and the bucket's policy are retained, because CloudTrail needs all of them."""
    made = Template(CreateTrail="true").resources.keys() - Template().resources.keys()

    assert made == {"Trail", "TrailBucket", "TrailBucketPolicy"}
    for name in made:
        resource = TEMPLATE.source["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_trail_bucket_policy(partition: str) -> None:
    """The bucket accepts only this account's trails, by `aws:SourceArn` ("Amazon S3 bucket policy for CloudTrail")."""
    policy = Template(partition=partition, CreateTrail="true").resources["TrailBucketPolicy"]["Properties"]
    allowed = [statement for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow"]

    assert [statement["Action"] for statement in allowed] == ["s3:GetBucketAcl", "s3:PutObject"]
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert statement["Condition"]["ArnLike"] == {
            "aws:SourceArn": f"arn:{partition}:cloudtrail:us-east-1:{ACCOUNT}:trail/*"
        }


def test_generated_names() -> None:
    """A second stack in the same account does not collide with the first, or with what a deleted one left behind.

    People see the policy's name, so ops choose it.
    """
    of_a_name = re.compile(
        "(Role|Group|Queue|Topic|Table|Function|Rule|Alarm|Bucket|LogGroup|Trail|ManagedPolicy)?Name"
    )
    fixed = {
        (name, key)
        for name, resource in Template(AlertEmail="ops@example.com", CreateTrail="true").resources.items()
        for key in resource["Properties"]
        if of_a_name.fullmatch(key)
    }

    assert fixed == {("EnforcementPolicy", "ManagedPolicyName")}


@pytest.mark.parametrize("name", TEMPLATE.source["Parameters"])
def test_parameter_metadata(name: str) -> None:
    """Every parameter has a description, a constraint and a group."""
    parameter = TEMPLATE.source["Parameters"][name]
    groups = TEMPLATE.source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert parameter["Description"]
    assert "Default" in parameter, "a first deployment needs no choice"
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & parameter.keys()
    assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter
    assert sum(name in group["Parameters"] for group in groups) == 1


@given(
    day=st.tuples(st.integers(1990, 2110), st.integers(0, 13), st.integers(0, 32)),
    time=st.none() | st.tuples(st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)),
)
@example(day=(2028, 2, 29), time=None)
@example(day=(2027, 2, 29), time=None)
@example(day=(2026, 11, 31), time=None)
@example(day=(2026, 11, 24), time=(24, 0, 0))
def test_existing_users_since(day: tuple[int, int, int], time: tuple[int, int, int] | None) -> None:
    """Only days and times that exist are accepted, because a function with invalid settings does nothing."""
    text = "{:04}-{:02}-{:02}".format(*day) + ("T{:02}:{:02}:{:02}Z".format(*time) if time else "")
    pattern = TEMPLATE.source["Parameters"]["ExistingUsersSince"]["AllowedPattern"]

    assert bool(re.search(pattern, text)) == (2000 <= day[0] < 2100 and exists(text))


def exists(text: str) -> bool:
    try:
        return moment({"SINCE": text}, "SINCE") is not None
    except InvalidSetting:
        return False


def as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]
