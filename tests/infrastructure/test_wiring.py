"""Nothing gets lost between an event and its function, and the stack deploys everywhere it should and nowhere else."""

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
    return {name: found for name, found in TEMPLATE.resources.items() if found["Type"] == kind}


RULES, QUEUES, FUNCTIONS = named("AWS::Events::Rule"), named("AWS::SQS::Queue"), named("AWS::Serverless::Function")
TARGETS = [(rule, target) for rule, found in RULES.items() for target in found["Properties"]["Targets"]]
SOURCES = [
    (name, event["Properties"])
    for name, function in FUNCTIONS.items()
    for event in function["Properties"].get("Events", {}).values()
    if event["Type"] == "SQS"
]


def logical_name(reference: str) -> str:
    """Return the logical name behind `${Name}` or `${Name.Arn}`."""
    return reference.removeprefix("${").removesuffix("}").removesuffix(".Arn")


def ids(value: object) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("rule", "target"), TARGETS, ids=ids)
def test_what_a_rule_cannot_deliver_is_kept(rule: str, target: dict[str, Any]) -> None:
    assert "DeadLetterConfig" in target, f"the target {target['Id']} of {rule} has no DeadLetterConfig"
    assert logical_name(target["DeadLetterConfig"]["Arn"]) in QUEUES
    for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
        assert rule in senders(arn), f"{arn} takes nothing from {rule}"


def senders(queue_arn: str) -> set[str]:
    """Return the rules that the policy of a queue lets in."""
    return {
        logical_name(rule)
        for policy in named("AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if queue_arn in as_list(statement["Resource"]) and statement["Effect"] == "Allow"
        for rule in as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    }


@pytest.mark.parametrize("name", named("AWS::SQS::QueuePolicy"))
def test_the_policy_of_a_queue_is_about_that_queue_alone(name: str) -> None:
    """SQS refuses any other ("Special Information for SQS Policies"), and the stack with it."""
    policy = TEMPLATE.resources[name]["Properties"]
    (queue,) = policy["Queues"]

    assert {statement["Resource"] for statement in policy["PolicyDocument"]["Statement"]} == {
        f"${{{logical_name(queue)}.Arn}}"
    }


def test_no_queue_has_two_policies() -> None:
    """Each would overwrite the other."""
    queues = [queue for found in named("AWS::SQS::QueuePolicy").values() for queue in found["Properties"]["Queues"]]

    assert len(set(queues)) == len(queues)


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_one_failed_message_goes_back_alone(function: str, source: dict[str, Any]) -> None:
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_a_storm_becomes_a_backlog(function: str, source: dict[str, Any]) -> None:
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_a_message_is_tried_often_and_then_kept(function: str, source: dict[str, Any]) -> None:
    """Lambda asks for six times the function's timeout and five receives ("Using Lambda with Amazon SQS")."""
    properties = QUEUES[logical_name(source["Queue"])]["Properties"]

    assert properties["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Properties"]["Timeout"]
    assert properties["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert logical_name(properties["RedrivePolicy"]["deadLetterTargetArn"]) in QUEUES


@pytest.mark.parametrize(("function", "source"), SOURCES, ids=ids)
def test_a_batch_that_aws_throttles_throughout_comes_to_its_end(function: str, source: dict[str, Any]) -> None:
    """The standard mode waits up to 1, 2, 4, … seconds between tries ("Retry behavior", SDKs and Tools Reference)."""
    attempts = int(FUNCTIONS[function]["Properties"]["Environment"]["Variables"]["AWS_MAX_ATTEMPTS"])

    waits = source["BatchSize"] * sum(2**number for number in range(attempts - 1))

    assert waits < FUNCTIONS[function]["Properties"]["Timeout"] / 2


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted_and_keeps_what_it_has_for_a_fortnight(name: str) -> None:
    properties = QUEUES[name]["Properties"]

    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == FORTNIGHT


def test_new_users_are_those_of_this_account_whose_creation_succeeded() -> None:
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


def test_changed_users_are_those_whose_attachment_membership_exemption_path_or_name_changed() -> None:
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


def test_rules_match_the_group_in_any_case() -> None:
    """IAM takes the name of a group in any case, so a call that writes it in another case reaches its rule."""
    for sample, rule in (
        ("remove_user_from_group", "ChangedUserRule"),
        ("detach_group_policy", "EnforcementRule"),
        ("delete_group", "EnforcementRule"),
    ):
        event: Any = json.loads((EVENTS / f"{sample}.json").read_text())
        event["detail"]["requestParameters"]["groupName"] = event["detail"]["requestParameters"]["groupName"].upper()

        assert EventPattern(None, rendered(rule)).matches_event(event), sample


@pytest.mark.parametrize("alerted", ["ops@example.com", ""])
def test_ops_can_be_told_until_everybody_is_released(alerted: str) -> None:
    """The subscription and the log are there when the stack's deletion says what it could not release."""
    resources = Template(AlertEmail=alerted).resources

    assert resources["EverybodyReleased"]["Properties"].get("ToldAt") == ("${AlertSubscription}" if alerted else None)
    assert resources["EverybodyReleased"]["DependsOn"] == "ReleaseMayGoOn", "a condition on it would leave it out"
    assert resources["ReleaseLogs"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_what_release_takes_off_changes_nobody() -> None:
    pattern = EventPattern(None, rendered("ChangedUserRule"))
    event: Any = json.loads((EVENTS / "detach_user_policy.json").read_text())
    issuer = {"sessionIssuer": {"arn": "${ReleaseRole.Arn}"}}
    by_release: Any = {**event, "detail": {**event["detail"], "userIdentity": {"sessionContext": issuer}}}

    assert pattern.matches_event(event)
    assert not pattern.matches_event(by_release)


def test_changes_of_the_enforcement_are_those_of_our_policy_and_our_group() -> None:
    assert selected_by("EnforcementRule") == {
        "create_policy_version",
        "set_default_policy_version",
        "delete_policy_version",
        "delete_policy",
        "detach_group_policy",
        "delete_group",
    }


def test_a_change_that_cloudformation_makes_is_none() -> None:
    pattern = EventPattern(None, rendered("EnforcementRule"))
    event: Any = json.loads((EVENTS / "create_policy_version.json").read_text())
    event["detail"]["sourceIPAddress"] = "cloudformation.amazonaws.com"

    assert not pattern.matches_event(event)


def test_only_a_deletion_that_met_a_conflict_asks_for_a_release() -> None:
    assert selected_by("FailedDeletionRule") == {"delete_user_error_delete_conflict"}


def test_nothing_that_attaches_is_there_while_everybody_is_released() -> None:
    """CloudFormation deletes a resource after those that depend on it."""
    attaching = {
        name
        for name, found in TEMPLATE.resources.items()
        if found["Properties"].get("Handler", "").startswith(("enforce.", "reconcile."))
    }
    assert len(attaching) == 2

    assert {name for name in attaching if TEMPLATE.resources[name].get("DependsOn") != "EverybodyReleased"} == set()
    assert TEMPLATE.resources["EverybodyReleased"]["DependsOn"] == "ReleaseMayGoOn"


def selected_by(rule: str) -> set[str]:
    """Return the sample events that a rule lets through, by moto's matcher."""
    pattern = EventPattern(None, rendered(rule))
    return {name for name, event in samples() if pattern.matches_event(event)}


def rendered(rule: str) -> dict[str, Any]:
    """Return a rule's pattern with the names that the samples bear."""
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
    """Turn tags inside out: EventBridge looks into the objects of an array, moto's matcher does not."""
    parameters = event["detail"].get("requestParameters") if isinstance(event["detail"], dict) else None
    if parameters and "tags" in parameters:
        parameters["tags"] = {"key": [tag["key"] for tag in parameters["tags"]]}
    return event


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_concurrency_is_reserved(name: str) -> None:
    """An account with the initial quota of ten could not deploy it ("Lambda quotas")."""
    assert "ReservedConcurrentExecutions" not in FUNCTIONS[name]["Properties"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_is_for_and_logs_for_as_long_as_ops_want(name: str) -> None:
    properties = FUNCTIONS[name]["Properties"]
    logs = TEMPLATE.resources[logical_name(properties["LoggingConfig"]["LogGroup"])]

    assert properties["Description"]
    assert logs["Properties"] == {"RetentionInDays": 90}


@pytest.mark.parametrize(("partition", "log_format"), [("aws", "JSON"), ("aws-us-gov", "Text")])
def test_lambda_logs_in_a_format_that_its_partition_has(partition: str, log_format: str) -> None:
    """GovCloud has no JSON ("AWS Lambda in AWS GovCloud (US)"), and a level goes with JSON alone ("LoggingConfig")."""
    functions = [
        found["Properties"]["LoggingConfig"]
        for found in Template(partition=partition).transformed.values()
        if found["Type"] == "AWS::Lambda::Function"
    ]

    assert len(functions) == len(FUNCTIONS)
    assert {found["LogFormat"] for found in functions} == {log_format}
    assert {key for found in functions for key in found} == {"LogFormat", "LogGroup"}


@pytest.mark.parametrize(
    ("region", "accepted"),
    [("us-east-1", True), ("us-gov-west-1", True), ("eu-central-1", False), ("us-west-2", False)],
)
def test_only_the_regions_that_see_iam_are_accepted(region: str, accepted: bool) -> None:
    [assertion] = TEMPLATE.source["Rules"]["IamEventRegion"]["Assertions"]
    regions, wanted = assertion["Assert"]["Fn::Contains"]

    assert wanted == {"Ref": "AWS::Region"}
    assert (region in regions) == accepted
    assert "--region us-east-1" in assertion["AssertDescription"]


def test_a_report_is_gone_a_month_after_its_time() -> None:
    """What expires in a bucket with versions is only hidden at first ("Lifecycle configuration elements")."""
    [rule] = TEMPLATE.resources["ReportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    assert rule["ExpirationInDays"] == TEMPLATE.source["Parameters"]["ReportRetentionDays"]["Default"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_a_trail_that_was_made_stays_with_all_that_it_needs() -> None:
    """CloudTrail delivers nothing to a bucket that is gone, or whose policy is."""
    made = Template(CreateTrail="true").resources.keys() - Template().resources.keys()

    assert made == {"Trail", "TrailBucket", "TrailBucketPolicy"}
    for name in made:
        resource = TEMPLATE.source["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov"])
def test_the_bucket_of_the_trail_takes_logs_from_trails_of_this_account_alone(partition: str) -> None:
    """CloudTrail says for which trail it comes, in `aws:SourceArn` ("Amazon S3 bucket policy for CloudTrail")."""
    policy = Template(partition=partition, CreateTrail="true").resources["TrailBucketPolicy"]["Properties"]
    allowed = [found for found in policy["PolicyDocument"]["Statement"] if found["Effect"] == "Allow"]

    assert [found["Action"] for found in allowed] == ["s3:GetBucketAcl", "s3:PutObject"]
    for statement in allowed:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert statement["Condition"]["ArnLike"] == {
            "aws:SourceArn": f"arn:{partition}:cloudtrail:us-east-1:{ACCOUNT}:trail/*"
        }


def test_only_the_policy_has_a_fixed_name() -> None:
    """A second stack in the same account must not collide with the first, nor with what a deleted one left behind.

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
def test_a_parameter_is_explained_constrained_and_grouped(name: str) -> None:
    parameter = TEMPLATE.source["Parameters"][name]
    groups = TEMPLATE.source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert parameter["Description"]
    assert "Default" in parameter, "a first deployment works without a choice"
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
def test_only_days_and_times_that_exist_are_taken_for_the_border(
    day: tuple[int, int, int], time: tuple[int, int, int] | None
) -> None:
    """A function that cannot read its settings does nothing at all."""
    text = "{:04}-{:02}-{:02}".format(*day) + ("T{:02}:{:02}:{:02}Z".format(*time) if time else "")
    pattern = TEMPLATE.source["Parameters"]["ExistingUsersSince"]["AllowedPattern"]

    assert bool(re.search(pattern, text)) == (2000 <= day[0] < 2100 and exists(text))


def exists(text: str) -> bool:
    try:
        return moment({"SINCE": text}, "SINCE") is not None
    except InvalidSetting:
        return False


def as_list(found: Any) -> list[Any]:  # noqa: ANN401
    return found if isinstance(found, list) else [found]
