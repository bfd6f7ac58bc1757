"""What the tests of the reconcile handler share: a sweep, its context, and users."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from reconcile import apply
from reconcile.handler import lambda_handler
from tests.integration.deployment import Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


CHECKS = ["ListEntitiesForPolicy", "GetPolicy", "GetAccountAuthorizationDetails", "Query", "Query"]
# What a sweep reads once more at its end: the exemptions that ops know of.
READS = [*CHECKS, "Query"]


@pytest.fixture
def context() -> Context:
    return Context("ReconcileFunction")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which take no time here."""
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(apply, "sleep", sleep)
    monkeypatch.setattr(apply, "monotonic", lambda: now[0])
    return slept


@pytest.fixture(autouse=True)
def stack(stack: Stack, slept: list[float]) -> Stack:
    stack.run("ReconcileFunction")
    return stack


@pytest.fixture
def event(event_text: Callable[[str], str]) -> dict[str, Any]:
    return json.loads(event_text("reconcile_schedule"))  # type: ignore[no-any-return]  # the sample is an object


@pytest.fixture
def create(iam: "IAMClient") -> Callable[..., str]:
    """Create a user; return the id."""

    def create(name: str, *, path: str = "/", exempt: str = "") -> str:
        tags = [{"Key": "mfa-exempt", "Value": exempt}] if exempt else []
        return iam.create_user(UserName=name, Path=path, Tags=tags)["User"]["UserId"]  # type: ignore[arg-type]

    return create


def out_of_time(*, after: int) -> Context:
    """Return the context of a run whose time is up after so many checks of the clock."""
    return Context("ReconcileFunction", left=[*[900_000] * after, 20_000])


def sweep(context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
    return lambda_handler(event or {}, context)  # type: ignore[no-any-return]  # Lambda's answers are JSON
