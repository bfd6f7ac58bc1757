"""The stack on moto: what template.yaml creates, the environment that it gives each function, and Lambda's context."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

ACCOUNT = "111122223333"
GROUP = "mfa-control"  # the name in the sample events

# What `Fn::GetAtt` gives: a policy has one version when it is created.
_ATTRIBUTES = {"EnforcementPolicy.DefaultVersionId": "v1"}
type Properties = Mapping[str, Any]
type Resolve = Callable[[str], str]

_REFERENCE = re.compile(r"\$\{([^}]+)\}")


# One client of each for all tests: to make them takes longer than what they do.
@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb")


@cache
def _iam() -> "IAMClient":
    return boto3.client("iam")


@cache
def _sns() -> "SNSClient":
    return boto3.client("sns")


@cache
def _sqs() -> "SQSClient":
    return boto3.client("sqs")


class Context:
    """Lambda's context of one run.

    `left` are the milliseconds that each check of the clock finds, of which the last stays; a run has the whole timeout
    of its function otherwise.
    """

    def __init__(
        self,
        function: str,
        *,
        left: int | Iterable[int] | None = None,
        request_id: str = "b0f1a9d4-0000-0000-0000-000000000000",
    ) -> None:
        source = Template().source
        properties = {**source["Globals"]["Function"], **source["Resources"][function]["Properties"]}
        self.function_name = function
        self.memory_limit_in_mb = properties["MemorySize"]
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"
        self.aws_request_id = request_id
        self._now: int = properties["Timeout"] * 1000
        self._left = iter([left] if isinstance(left, int) else left or ())

    def get_remaining_time_in_millis(self) -> int:
        self._now = next(self._left, self._now)
        return self._now


class Inbox:
    """A queue, read by a test."""

    def __init__(self, url: str) -> None:
        self._url = url

    def take(self) -> list[str]:
        """Take every message off the queue."""
        bodies: list[str] = []
        while messages := _sqs().receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                _sqs().delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


class Ops(Inbox):
    """A queue that is subscribed to the ops topic."""

    def __init__(self, topic: str) -> None:
        super().__init__(_sqs().create_queue(QueueName="ops")["QueueUrl"])
        self.topic = topic
        _sns().subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:ops")

    def notices(self) -> list[dict[str, Any]]:
        """Take the notices."""
        return [json.loads(body) for body in self.take()]

    def kinds(self) -> list[str]:
        """Take the kinds of the notices."""
        return [notice["MessageAttributes"]["kind"]["Value"] for notice in self.notices()]

    def read(self) -> str:
        """Take the one notice there is, subject first."""
        [notice] = self.notices()
        return f"{notice['Subject']}\n{notice['Message']}"


class Items:
    """The items of a table, read and written by a test."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.client = _dynamodb()

    def put(self, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self.client.put_item(TableName=self.table, Item=attributes)

    def get(self, **key: str) -> dict[str, Any] | None:
        """Return the item with this key."""
        typed = {name: {"S": value} for name, value in key.items()}
        return self.client.get_item(TableName=self.table, Key=typed).get("Item")

    def delete(self, **key: str) -> None:
        self.client.delete_item(TableName=self.table, Key={name: {"S": value} for name, value in key.items()})

    def all(self) -> list[dict[str, Any]]:
        """Return every item."""
        return self.client.scan(TableName=self.table)["Items"]


def _create_table(name: str, properties: Properties, _: Resolve) -> str:
    keys = {key: properties[key] for key in ("KeySchema", "AttributeDefinitions", "BillingMode")}
    _dynamodb().create_table(TableName=name, **keys)
    return name


def _create_queue(name: str, *_: object) -> str:
    return _sqs().create_queue(QueueName=name)["QueueUrl"]


def _create_topic(name: str, *_: object) -> str:
    return _sns().create_topic(Name=name)["TopicArn"]


def _create_bucket(name: str, *_: object) -> str:
    boto3.client("s3").create_bucket(Bucket=name.lower())
    return name.lower()


def _create_configuration_set(name: str, *_: object) -> str:
    boto3.client("sesv2").create_configuration_set(ConfigurationSetName=name)
    return name


def _create_policy(_: str, properties: Properties, __: Resolve) -> str:
    return _iam().create_policy(
        PolicyName=properties["ManagedPolicyName"],
        Path=properties["Path"],
        PolicyDocument=json.dumps(properties["PolicyDocument"]),
    )["Policy"]["Arn"]


def _create_group(_: str, properties: Properties, resolve: Resolve) -> str:
    _iam().create_group(GroupName=GROUP, Path=properties["Path"])
    for arn in properties["ManagedPolicyArns"]:
        _iam().attach_group_policy(GroupName=GROUP, PolicyArn=resolve(arn))
    return GROUP


# With as much of a resource's properties as moto acts on; each returns what `Ref` gives.
_CREATED_BY: Mapping[str, Callable[[str, Properties, Resolve], str]] = {
    "AWS::DynamoDB::Table": _create_table,
    "AWS::IAM::Group": _create_group,
    "AWS::IAM::ManagedPolicy": _create_policy,
    "AWS::S3::Bucket": _create_bucket,
    "AWS::SES::ConfigurationSet": _create_configuration_set,
    "AWS::SNS::Topic": _create_topic,
    "AWS::SQS::Queue": _create_queue,
}


class Stack:
    """The stack of template.yaml: a resource is created when a function's environment or a test first refers to it."""

    def __init__(self, environment: pytest.MonkeyPatch, **parameters: str) -> None:
        self._environment = environment
        self._parameters = parameters
        self._template = Template(**parameters)
        self._physical: dict[str, str] = {}
        self._function = ""
        self._variables: Mapping[str, str] = {}

    def run(self, function: str) -> None:
        """Give this process the environment of a function, and the variables of no other."""
        if function == self._function:
            return
        self._function = function
        for name in self._variables:
            self._environment.delenv(name, raising=False)
        self._variables = self.environment(function)
        for name, value in self._variables.items():
            self._environment.setenv(name, value)
        if "OpsTopic" in self._physical:
            _ = self.ops  # subscribed before anything is published

    def update(self, **parameters: str) -> None:
        """Update the stack with these parameters, the others as before."""
        self._parameters |= parameters
        self._template = Template(**self._parameters)
        function, self._function = self._function, ""
        self.run(function)

    def environment(self, function: str) -> Mapping[str, str]:
        """Return the variables of a function."""
        source = self._template.source
        variables = self._template.render(
            {
                **source["Globals"]["Function"]["Environment"]["Variables"],
                **source["Resources"][function]["Properties"]["Environment"]["Variables"],
            }
        )
        return {name: self.resolved(str(value)) for name, value in variables.items()}

    def ref(self, name: str) -> str:
        """Return what `Ref` gives for a resource: the name, the ARN or the URL."""
        if name not in self._physical:
            resource = self._template.render(self._template.source["Resources"][name])
            create = _CREATED_BY[resource["Type"]]
            self._physical[name] = create(f"mfa-enforcer-{name}", resource["Properties"], self.resolved)
        return self._physical[name]

    @property
    def policy_arn(self) -> str:
        return self.ref("EnforcementPolicy")

    @property
    def group(self) -> str:
        return self.ref("EnforcementGroup")

    @cached_property
    def ops(self) -> Ops:
        return Ops(self.ref("OpsTopic"))

    @cached_property
    def requests(self) -> Inbox:
        return Inbox(self.ref("ReleaseRequests"))

    @cached_property
    def mails(self) -> Inbox:
        return Inbox(self.ref("Mails"))

    @cached_property
    def flags(self) -> Items:
        """The enforcement table."""
        return Items(self.ref("Marks"))

    @cached_property
    def people(self) -> Items:
        return Items(self.ref("PeopleTable"))

    def resolved(self, text: str) -> str:
        """Replace the references in a text as CloudFormation does."""
        return _REFERENCE.sub(lambda reference: _ATTRIBUTES.get(reference[1]) or self.ref(reference[1]), text)
