"""Handlers on moto: the same clients and calls as on AWS, answered in this process."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from logging import StreamHandler
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber

from aws import clients
from aws.ses.quota import WORKERS
from enforce import handler as handlers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_iam import IAMClient

ACCOUNT = "111122223333"
PLAIN_CLIENTS = (
    clients.iam,
    clients.paced_iam,
    clients.sqs,
    clients.sns,
    clients.dynamodb,
    clients.s3,
    clients.lambda_,
)


@dataclass(frozen=True)
class Context:
    """What handlers read of Lambda's context."""

    function_name: str = "enforce"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:enforce"
    aws_request_id: str = "b0f1a9d4-0000-0000-0000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account; clients that were made before it are forgotten, and none keeps its pace."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setattr(clients, "sleep", lambda _: None)
    for client in (*PLAIN_CLIENTS, clients.sesv2, clients.sesv2_without_retries):
        client.cache_clear()
    with mock_aws():
        yield


@pytest.fixture
def iam(account: None) -> "IAMClient":
    return boto3.client("iam")


@pytest.fixture
def policy_arn(iam: "IAMClient") -> str:
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    created = iam.create_policy(PolicyName="mfa-control", Path="/mfa-enforcer/", PolicyDocument=document)
    return created["Policy"]["Arn"]


@pytest.fixture
def group(iam: "IAMClient", policy_arn: str) -> str:
    """The group that carries the policy."""
    iam.create_group(GroupName="mfa-control", Path="/mfa-enforcer/")
    iam.attach_group_policy(GroupName="mfa-control", PolicyArn=policy_arn)
    return "mfa-control"


class Inbox:
    """A queue, read by the test."""

    def __init__(self, name: str) -> None:
        self._sqs = boto3.client("sqs")
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]

    def take(self) -> list[str]:
        """Take every message off the queue."""
        bodies: list[str] = []
        while messages := self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


class Ops(Inbox):
    """Who is told on the ops topic."""

    def __init__(self) -> None:
        super().__init__("ops")
        sns = boto3.client("sns")
        self.topic = sns.create_topic(Name="ops")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:ops")

    def told(self) -> list[str]:
        """Take the kinds of the notices."""
        return [json.loads(body)["MessageAttributes"]["kind"]["Value"] for body in self.take()]

    def read(self) -> str:
        """Take the one notice there is, subject first."""
        [body] = self.take()
        notice = json.loads(body)
        return f"{notice['Subject']}\n{notice['Message']}"


@dataclass(frozen=True)
class Stack:
    """What the template creates around the functions that hold users and let them go."""

    policy_arn: str
    group: str
    ops: Ops
    requests: Inbox
    marks: str = "marks"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, policy_arn: str, group: str) -> Stack:
    """The stack, and its environment."""
    boto3.client("dynamodb").create_table(
        TableName="marks",
        KeySchema=[{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "subject", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "kind", "AttributeType": "S"},
            {"AttributeName": "subject", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    stack = Stack(policy_arn, group, Ops(), Inbox("requests"))
    environment = {
        "POLICY_ARN": policy_arn,
        "POLICY_VERSION": "v1",
        "GROUP_NAME": group,
        "ENFORCE_BY": "user",
        "EXEMPT_TAG_KEY": "mfa-exempt",
        "EXEMPT_PATHS": "/service/",
        "EXISTING_USERS": "report",
        "EXISTING_USERS_SINCE": "2026-01-01",
        "MAX_ATTACHMENTS_PER_DAY": "3",
        "CHANGE_DELAY_SECONDS": "120",
        "MARKS_TABLE": stack.marks,
        "RELEASE_QUEUE_URL": stack.requests.url,
        "OPS_TOPIC_ARN": stack.ops.topic,
        "DRY_RUN": "false",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return stack


def attached(iam: "IAMClient", user_name: str) -> list[str]:
    """Return the names of the policies attached to a user."""
    return [policy["PolicyName"] for policy in iam.list_attached_user_policies(UserName=user_name)["AttachedPolicies"]]


def members(iam: "IAMClient", group: str) -> list[str]:
    """Return the names of a group's users."""
    return [user["UserName"] for user in iam.get_group(GroupName=group)["Users"]]


class Log:
    """What the functions log, read back line by line."""

    def __init__(self, stream: StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def entry(self, message: str) -> dict[str, Any]:
        """Return the first entry with this message."""
        entries = (json.loads(line) for line in self.text.splitlines())
        return next(entry for entry in entries if entry["message"] == message)


@pytest.fixture
def log() -> Iterator[Log]:
    stream = StringIO()
    handler = handlers.logger.registered_handler
    assert isinstance(handler, StreamHandler)
    before = handler.setStream(stream)
    yield Log(stream)
    handler.setStream(before or sys.stdout)


def batch(*bodies: str, tries: int = 1) -> dict[str, Any]:
    """What Lambda hands over for messages with these bodies on this try; the ids are m0, m1, …"""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(tries)},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:{ACCOUNT}:NewUsers",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(response: Any) -> list[str]:  # noqa: ANN401  (what Lambda reads is JSON)
    """Return the ids of the messages that go back to the queue."""
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]


@pytest.fixture
def calls(account: None, monkeypatch: pytest.MonkeyPatch) -> "Calls":
    """Record every request that handlers send, and let a test answer some with an error."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    return recorded_calls()


def recorded_calls() -> "Calls":
    """Return a record of what the clients of this process send from now on."""
    calls = Calls()
    of_notify = (clients.paced_iam(WORKERS), clients.sesv2("us-east-1"), clients.sesv2_without_retries("us-east-1"))
    for client in (*(make() for make in PLAIN_CLIENTS), *of_notify):
        # botocore asks every handler and takes the first answer: moto must not act on what a test has failed.
        client.meta.events.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # it answers, too
        client.meta.events.register("before-send", calls.before_send)  # type: ignore[arg-type]  # an answer may be returned
    return calls


class Calls(list[str]):
    """The operations requested, retries included, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self._answers: dict[str, list[tuple[int, str | None, str]]] = {}
        self._broken: dict[str, list[BaseException]] = {}
        self._lost: set[str] = set()

    def fail(self, operation: str, code: str, *, status: int = 409, times: int = 1, message: str = "") -> None:
        """Answer the next requests of the operation with this error; it is HTTP, so botocore's retries are real."""
        self._answers.setdefault(operation, [])[:0] = [(status, code, message or code)] * times

    def forget(self, operation: str) -> None:
        """Answer the operation no longer as was said before."""
        self._answers.pop(operation, None)

    def break_off(self, operation: str, error: BaseException, *, times: int = 1) -> None:
        """Let the next requests of the operation come to no answer."""
        self._broken[operation] = [error] * times

    def lose_answer(self, operation: str) -> None:
        """Let the next request of the operation take effect, and its answer be an error that botocore tries again."""
        self._lost.add(operation)

    def answer(self, operation: str, *bodies: str) -> None:
        """Answer the next requests of the operation with these bodies: XML or JSON, as its service speaks."""
        self._answers.setdefault(operation, []).extend((200, None, body) for body in bodies)

    def before_send(self, request: "AWSPreparedRequest", event_name: str, **_: object) -> AWSResponse | None:
        service, operation = event_name.split(".")[1:]
        self.append(operation)
        if self._broken.get(operation):
            raise self._broken[operation].pop()
        if operation in self._lost:
            self._lost.remove(operation)
            botocore_stubber(event_name, request)
            return AWSResponse(request.url, 500, HTTPHeaders(), Raw(b"{}"))
        answers = self._answers.get(operation)
        if not answers:
            return botocore_stubber(event_name, request)
        status, code, text = answers.pop(0)
        body = text
        if code and service in {"iam", "sns"}:
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
        elif code:
            body = json.dumps({"__type": code, "message": text})
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(body.encode()))


class Raw(BytesIO):
    """A body as urllib3 streams it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()
