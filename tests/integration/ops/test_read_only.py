"""The programs only read, and only what their `--policy` allows."""

import json
import time
from io import StringIO
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
from tests.integration.ops.deployment import create_trail

if TYPE_CHECKING:
    from botocore.model import OperationModel

# The prefix of a service's permissions, if it is not the name of its client.
_PREFIXES = {"sesv2": "ses"}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the programs, as IAM names them."""
    calls: list[str] = []

    def watched(region: str) -> boto3.Session:
        session = read_only_session(region)

        def note(model: "OperationModel", **_: object) -> None:
            service = model.service_model.service_name
            calls.append(f"{_PREFIXES.get(service, service)}:{model.name}")

        session.events.register("before-call", note)
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
    assert called
    assert not set(called) - allowed, "add these calls to the PERMISSIONS of the adapter that makes them"
    reads = ("Describe", "Filter", "Get", "List", "Scan", "GenerateCredentialReport")
    assert all(action.partition(":")[2].startswith(reads) for action in allowed)


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
