"""A small stack on moto for the doctor and the report, and the errors that AWS answers them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.doctor.facts import Deployed, Facts
from ops.doctor.gathering import gather
from ops.read_only import read_only_session
from ops.stacks import Resource, Stack

if TYPE_CHECKING:
    from botocore.model import OperationModel

NOW = datetime.now(UTC)
PARAMETERS = {
    "SenderEmail": "",
    "SesRegion": "",
    "ReminderOverdueHours": "80",
    "ExemptPaths": "/service/",
    "EscalateAfterDays": "14",
}
# A resource of each kind that the doctor reads and moto can create.
TEMPLATE = {
    "Parameters": {name: {"Type": "String", "Default": default} for name, default in PARAMETERS.items()},
    "Resources": {
        "OpsTopic": {"Type": "AWS::SNS::Topic"},
        "NewUsers": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["NewUsersDeadLetters", "Arn"]},
                    "maxReceiveCount": 8,
                }
            },
        },
        "NewUsersDeadLetters": {"Type": "AWS::SQS::Queue"},
        "UndeliveredEvents": {"Type": "AWS::SQS::Queue"},
        "NewUserRule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["aws.iam"]}}},
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
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
                },
            },
        },
    },
    "Outputs": {"PolicyVersion": {"Value": "v1"}},
}


def facts() -> Facts:
    """Read the facts about the account as the doctor does."""
    return gather(read_only_session("us-east-1"), "mfa-enforcer", NOW)


def deployed() -> Deployed:
    """Read the facts about the deployed stack."""
    read = facts().deployed
    assert read is not None
    return read


def stack_of(*resources: Resource, **parameters: str) -> Stack:
    """Return a stack of these resources, which are not created."""
    return Stack("stack", "CREATE_COMPLETE", "", NOW, parameters, {}, resources)


def create_trail(**settings: bool) -> None:
    """Create a trail and its bucket."""
    boto3.client("s3").create_bucket(Bucket="trail-logs")
    boto3.client("cloudtrail").create_trail(Name="audit", S3BucketName="trail-logs", **settings)  # type: ignore[arg-type]  # flags by name


def create_stack_of_another_template(name: str) -> None:
    """Create a stack that has nothing to do with this project."""
    template = json.dumps({"Resources": {"OpsTopic": {"Type": "AWS::SNS::Topic"}}})
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=template)


def deny(
    monkeypatch: pytest.MonkeyPatch, denied: Callable[[str], bool], error: Exception | str = "AccessDenied"
) -> None:
    """Let these operations fail with an error, or with an error code of AWS."""
    create = boto3.Session.client

    def client(self: boto3.Session, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # a client of any service
        made = create(self, *arguments, **options)

        def refuse(model: "OperationModel", **_: object) -> None:
            if denied(model.name):
                if isinstance(error, Exception):
                    raise error
                raise ClientError({"Error": {"Code": error, "Message": "no"}}, model.name)

        made.meta.events.register("before-call", refuse)
        return made

    monkeypatch.setattr(boto3.Session, "client", client)
