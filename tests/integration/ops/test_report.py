"""The audit report of a live account, before and after a deployment."""

import json
from pathlib import Path

import boto3
import pytest

from ops.report import __main__ as report
from tests.integration.ops.deployment import create_stack_of_another_template, deny


@pytest.mark.parametrize("deployed", [False, True])
def test_report(deployed: bool, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """The report says who is enforced and exempt after a deployment, and that both are unknown before it."""
    if deployed:
        request.getfixturevalue("stack")
    iam = boto3.client("iam")
    iam.create_user(UserName="alice")
    iam.create_login_profile(UserName="alice", Password="correct horse battery staple")
    iam.create_user(UserName="robot", Path="/service/")
    if deployed:
        iam.attach_user_policy(UserName="alice", PolicyArn=iam.list_policies(Scope="Local")["Policies"][0]["Arn"])

    assert report.main(["--format", "json"]) == 0

    written = json.loads(capsys.readouterr().out)
    assert {user["name"]: (user["enrolment"], user["enforced"]) for user in written["users"]} == {
        "alice": ("unenrolled", "attached" if deployed else "unknown"),
        "robot": ("exempt" if deployed else "dormant", "no" if deployed else "unknown"),
    }
    assert written["totals"]["unenrolled"] == 1
    assert written["console_password_without_mfa"] == 1
    days_and_use = ("enforced_from", "told_on", "last_sign_in", "key_last_used", "key_last_used_service")
    assert set(days_and_use) < written["users"][0].keys()


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--stack-name", "typo"], 2)])
@pytest.mark.parametrize("kind", ["html", "csv", "json"])
def test_report_without_stack(
    arguments: list[str], status: int, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing stack is named on stderr and in the report; the status is 2 if --stack-name named it."""
    boto3.client("iam").create_user(UserName="alice")
    file = tmp_path / f"report.{kind}"

    assert report.main([*arguments, "--format", kind, "--output", str(file)]) == status

    counted, missing = capsys.readouterr().err.splitlines()
    assert counted == f"1 user: {file}"
    name = arguments[1] if arguments else "mfa-enforcer"
    assert missing.startswith(f"No stack {name} in us-east-1, so the report does not say which users are enforced")
    assert "make report STACK=" in missing
    assert (f"No stack {name} in us-east-1" if kind == "html" else "unknown") in file.read_text()


def test_report_with_foreign_stack(capsys: pytest.CaptureFixture[str]) -> None:
    """With a stack of another template the report does not know who is enforced."""
    create_stack_of_another_template("web-shop")
    boto3.client("iam").create_user(UserName="alice")

    assert report.main(["--stack-name", "web-shop", "--format", "json"]) == 2

    answer = capsys.readouterr()
    assert json.loads(answer.out)["users"][0]["enforced"] == "unknown"
    assert "The stack web-shop in us-east-1 has no EnforcementPolicy and no PeopleTable" in answer.err


def test_report_without_credentials(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without credentials the report ends with 2."""
    deny(monkeypatch, lambda _: True)

    assert report.main([]) == 2
    assert capsys.readouterr().err.startswith("AWS cannot be called")


def test_report_with_denied_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused call ends the report with 2, the name of the call, and the command that prints the policy."""
    deny(monkeypatch, lambda operation: operation == "GetAccountAuthorizationDetails")

    assert report.main([]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "GetAccountAuthorizationDetails" in line
    assert "python -m ops.report --policy" in line


def test_report_on_full_disk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file that cannot be written after the account was read ends the report with 1 and one line."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    assert report.main(["--output", str(tmp_path / "report.html")]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith("The report cannot be written: ")


def test_error_keeps_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not an answer of AWS keeps its traceback, because it is a mistake in the program."""

    def fail(_: str) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(report, "read_only_session", fail)

    with pytest.raises(ValueError, match="ours"):
        report.main([])


@pytest.mark.parametrize(("kind", "begins"), [("html", "<!doctype html>"), ("csv", "user_id,user_name"), ("json", "{")])
def test_report_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, begins: str) -> None:
    """The report is written to a file in each format, and nothing to standard output."""
    boto3.client("iam").create_user(UserName="alice")
    file = tmp_path / f"report.{kind}"

    assert report.main(["--format", kind, "--output", str(file)]) == 0

    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith(begins)
    assert "alice" in text
    assert capsys.readouterr().out == ""
