"""What the doctor reads about the account: trails, quotas, and a stack that is not deployed or not ours."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops.doctor.checks import findings_on
from ops.doctor.facts import Trail, Unreadable
from ops.doctor.reads.account import Quotas, Trails
from ops.read_only import read_only_session
from ops.stacks import Stack, Stacks
from tests.integration.ops.deployment import NOW, create_stack_of_another_template, create_trail, deny, facts

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


def trails() -> list[Trail]:
    return Trails(read_only_session("us-east-1").client("cloudtrail")).trails()


def test_account_without_stack() -> None:
    """Before a deployment the doctor reads the account only."""
    read = facts()

    assert (read.caller.account, read.caller.partition) == ("111122223333", "aws")
    assert (read.stack, read.deployed, read.trails) == (None, None, [])
    assert not isinstance(read.quotas, Unreadable)


def test_quotas() -> None:
    """The quotas of IAM are read with the numbers in use."""
    boto3.client("iam").create_user(UserName="alice")

    quotas = Quotas(read_only_session("us-east-1").client("iam")).quotas()

    assert (quotas["Users"], quotas["UsersQuota"]) == (1, 5000)


def test_trail() -> None:
    """A trail is read with its settings and its selectors."""
    create_trail(IsMultiRegionTrail=True)
    client = boto3.client("cloudtrail")
    client.put_event_selectors(
        TrailName="audit", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    )
    client.start_logging(Name="audit")

    (trail,) = trails()

    assert (trail.name, trail.multi_region, trail.global_events, trail.logging, trail.logs_iam_writes) == (
        "audit", True, True, True, True,
    )  # fmt: skip


def test_refused_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trail whose selectors may not be read is in the list, with the refused operation."""
    create_trail()
    deny(monkeypatch, lambda operation: operation == "GetEventSelectors")

    assert [(trail.name, trail.refused) for trail in trails()] == [("audit", "GetEventSelectors")]


def basic(read_write: str, *, management: bool = True) -> dict[str, Any]:
    return {"EventSelectors": [{"ReadWriteType": read_write, "IncludeManagementEvents": management}]}


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": list(fields)}]}


@pytest.mark.parametrize(
    ("selectors", "logs"),
    [
        (basic("All"), True),
        (basic("WriteOnly"), True),
        (basic("ReadOnly"), False),
        (basic("All", management=False), False),
        (advanced(MANAGEMENT), True),
        (advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}), True),
        (advanced(MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}), False),
        (advanced(MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}), True),
        (advanced(MANAGEMENT, {"Field": "eventSource", "NotStartsWith": ["iam."]}), False),
        (advanced({"Field": "eventCategory", "Equals": ["Data"]}), False),
        (advanced(MANAGEMENT, {"Field": "vpcEndpointId", "Equals": ["x"]}), False),
    ],
)
def test_selectors(selectors: dict[str, Any], logs: bool) -> None:
    """The selectors decide whether a trail logs IAM's writes; an unknown field counts as no."""
    create_trail()
    boto3.client("cloudtrail").put_event_selectors(TrailName="audit", **selectors)

    assert trails()[0].logs_iam_writes is logs


def test_stack_never_created() -> None:
    """A stack whose first change set nobody has executed has no resources that could be missing."""
    template = json.dumps({"Resources": {"OpsTopic": {"Type": "AWS::SNS::Topic"}}})
    boto3.client("cloudformation").create_change_set(
        StackName="mfa-enforcer", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    read = facts()

    assert isinstance(read.stack, Stack)
    assert read.stack.status == "REVIEW_IN_PROGRESS"
    assert read.deployed is None
    assert "was never created" in findings_on(read)[-1].text


def test_stack_of_another_template() -> None:
    """The resources of a stack that is not ours are not read."""
    create_stack_of_another_template("mfa-enforcer")
    read = facts()

    assert read.deployed is None
    assert findings_on(read)[-1].text == "mfa-enforcer is not a stack of mfa-enforcer"


def test_resources_outside_the_stack() -> None:
    """A resource that is still to be created, or that an update removed, is not a resource of the stack."""
    client = read_only_session("us-east-1").client("cloudformation")
    summary = {"ResourceType": "AWS::SQS::Queue", "LastUpdatedTimestamp": NOW}
    with Stubber(client) as cloudformation:
        described = {"StackName": "s", "StackStatus": "UPDATE_IN_PROGRESS", "CreationTime": NOW}
        cloudformation.add_response("describe_stacks", {"Stacks": [described]})
        resources = [
            {"LogicalResourceId": "Present", "PhysicalResourceId": "present", "ResourceStatus": "UPDATE_COMPLETE"},
            {"LogicalResourceId": "Coming", "ResourceStatus": "CREATE_IN_PROGRESS"},
            {"LogicalResourceId": "Former", "PhysicalResourceId": "former", "ResourceStatus": "DELETE_COMPLETE"},
        ]
        cloudformation.add_response(
            "list_stack_resources", {"StackResourceSummaries": [{**summary, **each} for each in resources]}
        )

        stack = Stacks(client).stack("s")

    assert stack
    assert dict(stack.physical) == {"Present": "present"}
