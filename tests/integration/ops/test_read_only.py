"""The programs only read, and only what their `--policy` allows."""

import json
import pkgutil
import time
from dataclasses import replace
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from rich.console import Console

from ops.doctor import __main__ as doctor
from ops.doctor.gathering import ADAPTERS
from ops.progress import progress
from ops.read_only import WouldWrite, read_only_session
from ops.report import __main__ as report
from ops.report.gathering import ADAPTERS as REPORT_ADAPTERS
from ops.stacks import Resource, Stack, Stacks
from tests.integration import ops
from tests.integration.ops.deployment import create_trail, deny

if TYPE_CHECKING:
    from botocore.model import OperationModel

# The prefix of a service's permissions, if it is not the name of its client.
_PREFIXES = {"sesv2": "ses"}

_STACK_CALLS = {permission.partition(":")[2] for permission in Stacks.PERMISSIONS}

# Services of which moto does not know every call; they get an empty answer.
_NOT_IN_MOTO = {"sesv2"}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the programs, as IAM names them."""
    calls: list[str] = []

    def watched(region: str) -> boto3.Session:
        session = read_only_session(region)

        def note(model: "OperationModel", **_: object) -> tuple[object, object] | None:
            service = model.service_model.service_name
            calls.append(f"{_PREFIXES.get(service, service)}:{model.name}")
            return (SimpleNamespace(status_code=200), {}) if service in _NOT_IN_MOTO else None

        session.events.register("before-call", note)  # type: ignore[arg-type]  # the stubs know no handler that answers
        return session

    for module in (doctor, report):
        monkeypatch.setattr(module, "read_only_session", watched)
    return calls


def test_session_refuses_writes() -> None:
    """A read-only session raises instead of writing."""
    session = read_only_session("us-east-1")

    with pytest.raises(WouldWrite, match="CreateUser"):
        session.client("iam").create_user(UserName="alice")

    assert session.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize(("program", "adapters"), [(doctor, ADAPTERS), (report, REPORT_ADAPTERS)])
def test_calls_are_in_policy(
    stack: str,
    called: list[str],
    capsys: pytest.CaptureFixture[str],
    program: Any,  # noqa: ANN401  # either module
    adapters: tuple[type[Any], ...],
) -> None:
    """A program calls only what the policy that it prints allows, and that policy allows only reads."""
    create_trail()

    program.main(["--stack-name", stack])
    capsys.readouterr()
    program.main(["--policy"])

    allowed = set(json.loads(capsys.readouterr().out)["Statement"][0]["Action"])
    assert allowed == {action for adapter in adapters for action in adapter.PERMISSIONS}
    reads = ("Describe", "Filter", "Get", "List", "Scan", "GenerateCredentialReport")
    writes = [action for action in allowed if not action.partition(":")[2].startswith(reads)]
    undeclared = set(called) - allowed
    assert called
    assert not writes, "a program may only read"
    assert not undeclared, "add these calls to the PERMISSIONS of the adapter that makes them"


# A resource of each kind that the doctor reads and the small stack has not; no matter that none of them exists.
MORE_RESOURCES = (
    Resource("EnforcementGroup", "AWS::IAM::Group", "mfa-group"),
    Resource("EnforceFunctionNewUsers", "AWS::Lambda::EventSourceMapping", "3d5a1b9e-0c5e-4c3a-9c8f-2f1f6a0e7b11"),
    Resource("SweepSchedule", "AWS::Scheduler::Schedule", "sweep"),
    Resource("RemindFunction", "AWS::Lambda::Function", "stack-Remind"),
    Resource("NoSweepAlarm", "AWS::CloudWatch::Alarm", "stack-NoSweepAlarm"),
)


def test_every_reader_has_a_test() -> None:
    """A module of this folder tests each reader of the doctor."""
    modules = [import_module(f"{ops.__name__}.{each.name}") for each in pkgutil.iter_modules(ops.__path__)]
    tested = {id(member) for module in modules for member in vars(module).values()}
    readers = [adapter for adapter in ADAPTERS if adapter.__module__.startswith("ops.doctor.reads.")]

    untested = [reader.__name__ for reader in readers if id(reader) not in tested]
    assert not untested, f"no module in {ops.__path__[0]} tests these readers"


@pytest.fixture
def full_stack(stack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a stack that has each kind of resource."""
    create_trail()
    read = Stacks.stack

    def with_more(self: Stacks, name: str) -> Stack:
        small = read(self, name)
        assert small
        return replace(
            small, parameters={"SenderEmail": "mfa@example.com"}, resources=[*small.resources, *MORE_RESOURCES]
        )

    monkeypatch.setattr(Stacks, "stack", with_more)
    return stack


def test_doctor_makes_every_call(full_stack: str, called: list[str]) -> None:
    """The doctor makes every call of its policy, if the stack has each kind of resource."""
    doctor.main(["--stack-name", full_stack, "--json"])

    uncalled = {action for adapter in ADAPTERS for action in adapter.PERMISSIONS} - set(called)
    assert not uncalled, "gather() reads nothing that needs these calls, or the stack above lacks the resource"


def test_doctor_survives_denied_calls(
    full_stack: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The doctor ends with 3, and not with 2, if it may read nothing but the stack."""
    deny(monkeypatch, lambda operation: operation not in {"GetCallerIdentity", *_STACK_CALLS})

    status = doctor.main(["--stack-name", full_stack])

    assert status == 3, f"gather() must read each fact through read(): {capsys.readouterr().err}"


@pytest.mark.parametrize("terminal", [True, False])
def test_progress(terminal: bool) -> None:
    """A terminal shows each call while it lasts; a file or a pipe gets nothing."""
    output = StringIO()
    session = read_only_session("us-east-1")

    with progress(session, Console(file=output, force_terminal=terminal, width=200)):
        iam = session.client("iam")
        iam.list_users()
        iam.generate_credential_report()
        time.sleep(0.2)  # the line is drawn twelve times a second

    assert ("Waiting for IAM's credential report (call 2)" in output.getvalue()) is terminal
    assert bool(output.getvalue()) is terminal
