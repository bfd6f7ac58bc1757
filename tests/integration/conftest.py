"""Handlers on moto: the same clients and calls as on AWS, answered in this process."""

import json
import os
import sys
from collections.abc import Iterator
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
from tests.integration.deployment import ACCOUNT, Stack

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_iam import IAMClient

PLAIN_CLIENTS = (
    clients.iam,
    clients.paced_iam,
    clients.sqs,
    clients.sns,
    clients.dynamodb,
    clients.s3,
    clients.lambda_,
)


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
def stack(account: None, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack with an exempt path; a file chooses the function that runs."""
    return Stack(monkeypatch, ExemptPaths="/service/", ExistingUsersSince="2026-01-01")


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

    def keep_failing(self, operation: str, code: str, *, status: int) -> None:
        """Answer the next request of the operation with this error, as often as botocore tries it."""
        tried_again = code == "Throttling" or status >= 500
        self.fail(operation, code, status=status, times=int(os.environ["AWS_MAX_ATTEMPTS"]) if tried_again else 1)

    def forget(self, operation: str) -> None:
        """Drop the answers that were set for the operation."""
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
