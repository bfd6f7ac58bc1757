"""The reconcile handler: how a sweep is paced, goes on in the next run and is counted, and what a failure leaves."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from domain.input.settings import InvalidSetting
from reconcile.handler import SweepIncomplete
from tests.integration.conftest import Calls, Log, attached
from tests.integration.deployment import Context, Stack
from tests.integration.reconcile.conftest import CHECKS, out_of_time, sweep

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_paces_writes(create: Callable[..., str], context: Context, slept: list[float]) -> None:
    """A sweep writes five times a second at most."""
    for number in range(6):
        create(f"user{number}")

    sweep(context)

    assert sum(slept) == pytest.approx(1.0)


def test_continues_until_done(iam: "IAMClient", create: Callable[..., str], calls: Calls, log: Log) -> None:
    """A run that is out of time starts the next one, until every user is enforced."""
    for number in range(5):
        create(f"user{number}")
    calls.answer("Invoke", "{}", "{}", "{}")
    left: list[int] = []

    event: dict[str, Any] = {}
    while not left or left[-1]:
        left.append(sweep(out_of_time(after=2), event)["left"])
        event = {"run": event.get("run", 1) + 1}

    assert left == [3, 1, 0]
    assert calls.count("Invoke") == 2
    assert calls.count("AttachUserPolicy") == 5
    assert all(attached(iam, f"user{number}") for number in range(5))


def test_numbers_the_runs(
    create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next run gets its number, and the last one starts no other and does not count as completed."""
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(out_of_time(after=0), {"action": "reconcile"})
    sweep(out_of_time(after=0), {"run": 5})

    assert sent == [{"run": 2}]
    assert "SweepsCompleted" not in capsys.readouterr().out


@pytest.mark.parametrize("run", [None, "x", [], True, 1.5])
def test_malformed_run_number(create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """An event whose run number is not a whole number starts the first run."""
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(out_of_time(after=0), {"run": run})

    assert sent == [{"run": 2}]


def metrics(printed: str) -> list[dict[str, Any]]:
    """Return what was printed for CloudWatch to count."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]


def test_metrics(
    iam: "IAMClient",
    create: Callable[..., str],
    context: Context,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The metrics count the users, and the exempt ones by reason."""
    create("alice")
    create("robot", exempt="CI")
    create("backup", path="/service/")

    sweep(context)

    printed = metrics(capsys.readouterr().out)
    [total] = [line for line in printed if "UsersEnforced" in line]
    assert (total["UsersEnforced"], total["UsersExempt"], total["UsersMissing"]) == ([1], [2], [0])
    reasons = {line["reason"]: line["UsersExempt"] for line in printed if "reason" in line}
    assert reasons == {"by-tag": [1], "by-path": [1]}


@pytest.mark.parametrize("completed", [True, False])
def test_counts_completed_sweeps(
    create: Callable[..., str], calls: Calls, context: Context, capsys: pytest.CaptureFixture[str], completed: bool
) -> None:
    """A sweep counts as completed only if it enforced every user."""
    create("alice")
    if not completed:
        calls.fail("AttachUserPolicy", "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises(SweepIncomplete):
        sweep(context)

    assert ("SweepsCompleted" in capsys.readouterr().out) == completed


@pytest.mark.parametrize("operation", sorted({*CHECKS}))
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_failed_read(
    iam: "IAMClient",
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    operation: str,
    code: str,
    status: int,
) -> None:
    """A failed read ends the sweep before any write, and the next sweep does its work."""
    create("alice")
    calls.keep_failing(operation, code, status=status)

    with pytest.raises(Exception, match=code):
        sweep(context)
    before = attached(iam, "alice")
    sweep(context)

    assert (before, attached(iam, "alice")) == ([], ["mfa-control"])


@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403), ("ConcurrentModification", 409)],
)
def test_failed_attachment(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context, code: str, status: int, log: Log
) -> None:
    """A failed attachment fails the sweep after the other users are enforced."""
    for name in ("alice", "bob"):
        create(name)
    calls.keep_failing("AttachUserPolicy", code, status=status)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert sorted([*attached(iam, "alice"), *attached(iam, "bob")]) == ["mfa-control"]
    assert log.entry("Sweep done")["missing"] == {"not-attached": 1}
    assert sweep(context)["UsersEnforced"] == 2


def test_failed_release_request(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    """A failed release request fails the sweep after every user is enforced."""
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    calls.keep_failing("SendMessage", "InternalError", status=500)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]


def test_user_deleted_meanwhile(iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context) -> None:
    """A user who is deleted during the sweep counts neither as missing nor as a failure."""
    create("alice")
    calls.fail("AttachUserPolicy", "NoSuchEntity", status=404)

    assert sweep(context)["UsersMissing"] == 0


def test_wrong_setting(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    """A wrong environment variable stops the sweep with an error that names it."""
    monkeypatch.setenv("EXISTING_USERS", "some")

    with pytest.raises(InvalidSetting, match="EXISTING_USERS: expected one of report, enforce"):
        sweep(context)
