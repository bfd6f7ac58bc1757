"""The paces on a clock of their own: all workers together stay below what SES allows, and leave room in IAM."""

import json

import pytest

from aws import clients
from aws.ses.quota import WORKERS, SendingRateLimiter
from tests.integration.conftest import Calls, recorded_calls


class Clock:
    """Time that passes only by sleeping, or when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(calls: Calls, clock: Clock) -> SendingRateLimiter:
    return SendingRateLimiter(clients.sesv2("us-east-1"), clock, clock.sleep)


def rate(per_second: float) -> str:
    return json.dumps({"SendQuota": {"MaxSendRate": per_second}})


def test_share_of_each_worker(pace: SendingRateLimiter, calls: Calls, clock: Clock) -> None:
    """Each worker takes its share of the rate, from the first mail on."""
    calls.answer("GetAccount", rate(14.0))

    for _ in range(70):
        pace.wait()

    assert clock.now - 100 == pytest.approx(70 * WORKERS / 14.0)
    assert calls == ["GetAccount"]


def test_time_already_passed(pace: SendingRateLimiter, calls: Calls, clock: Clock) -> None:
    """Time that has passed counts as waiting, and more than one turn is not saved up."""
    calls.answer("GetAccount", rate(1.0))

    pace.wait()
    clock.now += 0.5
    pace.wait()
    clock.now += 60
    pace.wait()
    pace.wait()

    assert clock.slept == [2.0, 1.5, 2.0]


@pytest.mark.parametrize("answer", ["{}", rate(0.0), None])
def test_pace_of_the_sandbox(pace: SendingRateLimiter, calls: Calls, clock: Clock, answer: str | None) -> None:
    """The pace is that of the sandbox if SES does not state its rate."""
    if answer is None:
        calls.fail("GetAccount", "AccessDeniedException", status=403)
    else:
        calls.answer("GetAccount", answer)

    pace.wait()

    assert clock.slept == [2.0]


@pytest.fixture
def recorded(account: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Calls:
    monkeypatch.setattr(clients, "monotonic", clock)
    monkeypatch.setattr(clients, "sleep", clock.sleep)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    return recorded_calls()


def test_paced_iam_client(recorded: Calls, clock: Clock) -> None:
    """All workers together call IAM ten times a second at most."""
    for _ in range(31):
        clients.paced_iam(WORKERS).list_account_aliases()

    assert clock.now - 100 == pytest.approx(30 * WORKERS / 10)


def test_paced_iam_retry(recorded: Calls, clock: Clock) -> None:
    """A call that IAM throttles waits its turn before it is sent again."""
    recorded.fail("ListAccountAliases", "Throttling", status=400, times=2)

    clients.paced_iam(WORKERS).list_account_aliases()

    assert recorded == ["ListAccountAliases"] * 3
    assert clock.now - 100 == pytest.approx(2 * WORKERS / 10)
