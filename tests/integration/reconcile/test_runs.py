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
from tests.integration.reconcile.conftest import LOOKS, out_of_time, sweep

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_writes_are_paced_at_five_a_second(create: Callable[..., str], context: Context, slept: list[float]) -> None:
    for number in range(6):
        create(f"user{number}")

    sweep(context)

    assert sum(slept) == pytest.approx(1.0)


def test_a_run_that_is_out_of_time_goes_on_in_another_until_everybody_is_enforced(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, log: Log
) -> None:
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


def test_the_next_run_is_told_its_number_and_the_last_one_starts_no_other(
    create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(out_of_time(after=0), {"action": "reconcile"})
    sweep(out_of_time(after=0), {"run": 5})

    assert sent == [{"run": 2}]
    assert "SweepsCompleted" not in capsys.readouterr().out


@pytest.mark.parametrize("run", [None, "x", [], True, 1.5])
def test_begins_with_the_first_run_whatever_else_an_event_holds(
    create: Callable[..., str], monkeypatch: pytest.MonkeyPatch, run: object
) -> None:
    """Anybody may invoke the function by hand; only a number that the run before sent is one."""
    create("alice")
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    sweep(out_of_time(after=0), {"run": run})

    assert sent == [{"run": 2}]


def metrics(printed: str) -> list[dict[str, Any]]:
    """Return what was printed for CloudWatch to count."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]


def test_what_the_dashboard_shows_is_counted_by_reason_too(
    iam: "IAMClient",
    create: Callable[..., str],
    context: Context,
    capsys: pytest.CaptureFixture[str],
) -> None:
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
def test_a_sweep_counts_as_completed_only_where_all_of_it_was_done(
    create: Callable[..., str], calls: Calls, context: Context, capsys: pytest.CaptureFixture[str], completed: bool
) -> None:
    create("alice")
    if not completed:
        calls.fail("AttachUserPolicy", "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises(SweepIncomplete):
        sweep(context)

    assert ("SweepsCompleted" in capsys.readouterr().out) == completed


@pytest.mark.parametrize("operation", sorted({*LOOKS}))
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_a_read_that_fails_ends_the_sweep_before_anything_is_written_and_the_next_makes_up_for_it(
    iam: "IAMClient",
    create: Callable[..., str],
    calls: Calls,
    context: Context,
    operation: str,
    code: str,
    status: int,
) -> None:
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
def test_a_user_who_cannot_be_attached_keeps_nobody_else_from_it_and_fails_the_sweep(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context, code: str, status: int, log: Log
) -> None:
    for name in ("alice", "bob"):
        create(name)
    calls.keep_failing("AttachUserPolicy", code, status=status)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert sorted([*attached(iam, "alice"), *attached(iam, "bob")]) == ["mfa-control"]
    assert log.entry("Sweep done")["missing"] == {"not-attached": 1}
    assert sweep(context)["UsersEnforced"] == 2


def test_a_release_that_cannot_be_asked_for_fails_the_sweep_after_everybody_is_enforced(
    iam: "IAMClient", stack: Stack, create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    create("robot", exempt="CI")
    iam.attach_user_policy(UserName="robot", PolicyArn=stack.policy_arn)
    calls.keep_failing("SendMessage", "InternalError", status=500)

    with pytest.raises(SweepIncomplete):
        sweep(context)

    assert attached(iam, "alice") == ["mfa-control"]


def test_a_user_who_was_deleted_meanwhile_is_nobodys_fault(
    iam: "IAMClient", create: Callable[..., str], calls: Calls, context: Context
) -> None:
    create("alice")
    calls.fail("AttachUserPolicy", "NoSuchEntity", status=404)

    assert sweep(context)["UsersMissing"] == 0


def test_a_wrong_environment_stops_the_sweep(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    monkeypatch.setenv("EXISTING_USERS", "some")

    with pytest.raises(InvalidSetting, match="EXISTING_USERS: expected one of report, enforce"):
        sweep(context)
