"""A batch ends before Lambda ends it, and a message that keeps failing is counted for an alarm."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from aws import clients
from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed
from tests.integration.deployment import Context, Stack
from tests.template import Template

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]
ENFORCE = Template().resources["EnforceFunction"]["Properties"]
NAMES = [f"user-{number}" for number in range(10)]


class Killed(BaseException):
    """Lambda has ended the run; nothing inside it can catch that."""


@dataclass
class Clock:
    """What Lambda gives a run, and what the run has waited for AWS."""

    seconds: float = float(ENFORCE["Timeout"])

    def sleep(self, seconds: float) -> None:
        self.seconds -= seconds
        if self.seconds < 0:
            raise Killed


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.run("EnforceFunction")
    return stack


@pytest.fixture
def context() -> Context:
    return Context("EnforceFunction")


@pytest.fixture
def clock(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock on which botocore waits."""
    clock = Clock()
    monkeypatch.setattr("botocore.endpoint.time.sleep", clock.sleep)
    return clock


@pytest.fixture
def limited(clock: Clock) -> Context:
    """The context of a run whose time passes."""
    return Context("EnforceFunction", left=(int(clock.seconds * 1000) for _ in count()))


def creation(event_text: ReadText, name: str) -> str:
    """The console's CreateUser event of this very moment, for which no user has to be read."""
    event = json.loads(event_text("create_user_console"))
    event["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    event["detail"]["responseElements"]["user"]["userName"] = name
    return json.dumps(event)


def creations(event_text: ReadText) -> list[str]:
    return [creation(event_text, name) for name in NAMES]


def test_throttled_once(iam: "IAMClient", calls: Calls, limited: Context, event_text: ReadText) -> None:
    """A call that is throttled once is tried again in the same run."""
    iam.create_user(UserName="alice")
    calls.fail("AttachUserPolicy", "Throttling", status=400)

    response = lambda_handler(batch(creation(event_text, "alice")), limited)

    assert failed(response) == []
    assert calls == ["AttachUserPolicy"] * 2


def test_throttled_throughout(calls: Calls, limited: Context, event_text: ReadText) -> None:
    """Ten messages that IAM throttles all go back before Lambda ends the run."""
    calls.fail("AttachUserPolicy", "Throttling", status=400, times=100)

    response = lambda_handler(batch(*creations(event_text)), limited)

    assert failed(response) == [f"m{number}" for number in range(10)]


def test_time_is_up(iam: "IAMClient", calls: Calls, clock: Clock, limited: Context, event_text: ReadText) -> None:
    """If time is up, finished messages stay done and the others go back untouched."""
    for name in NAMES:
        iam.create_user(UserName=name)
    clock.seconds = 12
    clients.iam().meta.events.register("before-call", lambda **_: clock.sleep(1))

    response = lambda_handler(batch(*creations(event_text)), limited)

    assert failed(response) == [f"m{number}" for number in range(1, 10)]
    assert [name for name in NAMES if attached(iam, name)] == NAMES[:1]


def test_logs_and_counts_failures(
    calls: Calls, context: Context, event_text: ReadText, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed message is logged as an error and counted with its number of tries."""
    calls.fail("AttachUserPolicy", "AccessDenied", status=403)
    event = batch(creation(event_text, "alice"))
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"

    lambda_handler(event, context)

    entry = log.entry("Message failed")
    assert (entry["level"], entry["tries"]) == ("ERROR", 3)
    assert entry["correlation_id"] == "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
    [counted] = [line for line in printed(capsys) if "TriesFailed" in line]
    assert (counted["TriesFailed"], counted["service"]) == ([3.0], "tests")


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the metrics that were printed for CloudWatch."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
