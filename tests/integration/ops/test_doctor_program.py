"""The doctor as a program: its exit statuses and its lines on the terminal."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from ops.doctor import __main__ as doctor
from ops.report import __main__ as report
from tests.integration.ops.deployment import deny


def test_caller_without_permissions(
    stack: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A caller who may read nothing gets the first permission that each check misses, and status 3."""
    deny(monkeypatch, lambda operation: operation != "GetCallerIdentity")

    status = doctor.main(["--json"])

    unknown = {
        each["check"]: each["text"] for each in json.loads(capsys.readouterr().out) if each["level"] == "unknown"
    }
    assert status == 3
    assert all(text.startswith("could not be read: needs ") for text in unknown.values())
    assert unknown["Trail"].endswith("cloudtrail:DescribeTrails")
    assert unknown["Quotas"].endswith("iam:GetAccountSummary")
    assert unknown["Stack"].endswith("cloudformation:DescribeStacks")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("ExpiredToken", "Sign in with"),
        ("InvalidClientTokenId", "Sign in with"),
        (NoCredentialsError(), "Sign in with"),
        (EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/"), "Check the network"),
    ],
)
def test_uncallable_aws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception | str, hint: str
) -> None:
    """Without valid credentials or a network the doctor ends with 2, and one line with a hint."""
    deny(monkeypatch, lambda _: True, error)

    assert doctor.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("AWS cannot be called: ")
    assert f". {hint}" in line


def test_missing_profile(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A profile that does not exist ends the doctor with 2, and the command that lists the profiles."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert doctor.main([]) == 2
    assert "aws configure list-profiles" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--region", "us east"], ["--region", ""], ["--stack-name", "a b"]])
def test_wrong_argument(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A text that cannot be a Region or the name of a stack is refused before AWS is called."""
    with pytest.raises(SystemExit) as end:
        doctor.main(arguments)

    assert end.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_remedy_on_one_line(stack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure ends the doctor with 1, and its remedy is on one line in a narrow terminal too."""
    monkeypatch.setenv("COLUMNS", "60")

    assert doctor.main([]) == 1

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert (
        "sam deploy --region us-east-1 --stack-name mfa-enforcer --parameter-overrides CreateTrail=true"
        "  # or create a trail of management events yourself"
    ) in lines


@pytest.mark.parametrize("program", [doctor, report])
def test_interruption(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  # a module
    """Ctrl-C ends each program with 130 and without a traceback."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "read_only_session", interrupt)

    assert program.main([]) == 130
