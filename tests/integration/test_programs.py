"""The programs as ops run them: their help, their errors and their exit statuses, also through make."""

import os
import re
import socket
import sys
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

from ops.doctor.checks import CHECKS

ROOT = Path(__file__).parents[2]
NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
NOBODY = {**NO_CREDENTIALS, "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_MAX_ATTEMPTS": "1"}


def program(name: str, *arguments: str, **environment: str) -> CompletedProcess[str]:
    """Run a program from the clone with no other environment."""
    command = [sys.executable, "-m", name, *arguments]
    return run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our program


def error_line(done: CompletedProcess[str]) -> str:
    """Return the only line that a program has written, which is on stderr."""
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_help(name: str) -> None:
    """The help says what the program reads and lists every exit status, without credentials."""
    done = program(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "It reads with your own credentials" in done.stdout
    statuses = {"ops.doctor": ["0", "1", "2", "3", "130"], "ops.report": ["0", "1", "2", "130"]}
    assert re.findall(r"^  ([0-9]+)  ", done.stdout, re.MULTILINE) == statuses[name]


def test_help_of_doctor_lists_checks() -> None:
    """The help of the doctor says what each check checks."""
    text = " ".join(program("ops.doctor", "--help").stdout.split())

    assert [check.__name__ for check in CHECKS if " ".join(str(check.__doc__).split()) not in text] == []


@pytest.mark.parametrize("name", ["local.demo", "local.mails", "local.playground", "local.server"])
def test_help_of_local_programs(name: str) -> None:
    """The programs of the local cloud print their help and start nothing."""
    done = program(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {name} [-h]")


@pytest.mark.parametrize("name", ["local.demo", "local.playground"])
@pytest.mark.parametrize("port", ["no-port", "-1", "70000"])
def test_invalid_port(name: str, port: str) -> None:
    """A LOCAL_CLOUD_PORT that is not a port ends the program with 1, and the error shows a valid one."""
    done = program(name, LOCAL_CLOUD_PORT=port)

    assert (done.returncode, done.stderr) == (1, "")
    assert f"LOCAL_CLOUD_PORT is '{port}', which is not a port. Choose one: export LOCAL_CLOUD_PORT=4566" in " ".join(
        done.stdout.split()
    )


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_no_credentials(name: str) -> None:
    """Without credentials the program ends with 2, and one line says how to sign in."""
    done = program(name, **NO_CREDENTIALS)

    assert done.returncode == 2
    assert "Unable to locate credentials" in error_line(done)
    assert "aws sso login" in error_line(done)


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_unreachable_endpoint(name: str) -> None:
    """An endpoint that does not answer ends the program with 2, and one line names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # does not listen
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"

        done = program(name, AWS_ENDPOINT_URL=endpoint, **NOBODY)

    assert done.returncode == 2
    assert endpoint in error_line(done)
    assert "Is AWS_ENDPOINT_URL set by mistake?" in error_line(done)


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_invalid_endpoint(name: str) -> None:
    """An AWS_ENDPOINT_URL that is not a URL ends the program with 2, and one line shows a valid one."""
    done = program(name, AWS_ENDPOINT_URL="localhost", **NOBODY)

    assert done.returncode == 2
    assert "localhost. AWS_ENDPOINT_URL must be a URL, such as http://127.0.0.1:4566" in error_line(done)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ops.doctor", ["--region", ""], "'' is not a Region, such as us-east-1"),
        ("ops.report", ["--region", "Virginia"], "'Virginia' is not a Region, such as us-east-1"),
        ("ops.report", ["--stack-name", "a b"], "'a b' is not the name of a stack, such as mfa-enforcer"),
        ("ops.report", ["--region"], "expected one argument"),
        ("ops.report", ["--format", "pdf"], "choose from csv, html, json"),
        ("ops.report", ["--output", "/no/such/report.html"], "there is no folder /no/such for report.html"),
        ("ops.report", ["--output", "docs"], "docs is a folder"),
        ("ops.doctor", ["--jsno"], "unrecognized arguments: --jsno"),
    ],
)
def test_wrong_argument(name: str, arguments: list[str], expected: str) -> None:
    """A wrong argument ends the program with 2 before AWS is called, and one line says what is expected."""
    done = program(name, *arguments, **NO_CREDENTIALS)

    assert done.returncode == 2
    assert expected in error_line(done).replace("'csv', 'html', 'json'", "csv, html, json")
    assert f"python -m {name} --help" in error_line(done)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that make takes for a clone after `make setup`; its Python prints its arguments and ends with STATUS."""
    for done in (".venv/.done", ".venv-sam/.done", "node_modules/.done"):
        (tmp_path / done).parent.mkdir()
        (tmp_path / done).touch()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nprintf '%s ' \"$@\"\nexit $STATUS\n")
    python.chmod(0o755)
    return tmp_path


def make(clone: Path, *words: str, status: int = 0, **environment: str) -> CompletedProcess[str]:
    """Run make in the clone."""
    set_up = [f"--old-file={file.relative_to(clone)}" for file in clone.glob("*/.done")]
    return run(  # noqa: S603  # our program
        ["make", "--file", str(ROOT / "Makefile"), *set_up, *words],  # noqa: S607  # the make of the caller
        cwd=clone,
        env={"PATH": os.environ["PATH"], "STATUS": str(status), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["doctor", "report"])
@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_make_status(clone: Path, target: str, status: int) -> None:
    """make turns every status but 0 into 2, as the help says."""
    assert make(clone, target, status=status).returncode == (2 if status else 0)


@pytest.mark.parametrize("target", ["doctor", "report"])
def test_make_variables(clone: Path, target: str) -> None:
    """make passes STACK and REGION on only if they are set, on the command line or in the environment."""
    assert "--stack-name" not in make(clone, target).stdout
    assert "--stack-name typo" in make(clone, target, "STACK=typo").stdout
    assert "--stack-name typo" in make(clone, target, STACK="typo").stdout
    assert "--region us-gov-west-1" in make(clone, target, "REGION=us-gov-west-1").stdout
