"""What ops run, as they run it: each says how it is used, and what is wrong, in words and by its status."""

import os
import re
import socket
import sys
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest

ROOT = Path(__file__).parents[2]
NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
NOBODY = {**NO_CREDENTIALS, "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_MAX_ATTEMPTS": "1"}


def program(name: str, *arguments: str, **environment: str) -> CompletedProcess[str]:
    """Run a program from the clone with nothing in its environment but this."""
    command = [sys.executable, "-m", name, *arguments]
    return run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours


def line(done: CompletedProcess[str]) -> str:
    """Return the one line that a program has said, to stderr."""
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    return said


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_the_help_says_what_is_read_and_every_status(name: str) -> None:
    """The help is shown from a clone without any setting, with what is read and the statuses that there are."""
    done = program(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "It reads with your own credentials" in done.stdout
    statuses = {"ops.doctor": ["0", "1", "2", "3", "130"], "ops.report": ["0", "1", "2", "130"]}
    assert re.findall(r"^  ([0-9]+)  ", done.stdout, re.MULTILINE) == statuses[name]


@pytest.mark.parametrize("name", ["local.demo", "local.mails", "local.playground", "local.server"])
def test_the_help_starts_nothing(name: str) -> None:
    """The programs of the local cloud say how they are used, from a clone without any setting, and end."""
    done = program(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {name} [-h]")


@pytest.mark.parametrize("name", ["local.demo", "local.playground"])
@pytest.mark.parametrize("port", ["no-port", "-1", "70000"])
def test_a_port_that_is_none_is_named(name: str, port: str) -> None:
    """A LOCAL_CLOUD_PORT that is no port ends in 1, with one that is."""
    done = program(name, LOCAL_CLOUD_PORT=port)

    assert (done.returncode, done.stderr) == (1, "")
    assert f"LOCAL_CLOUD_PORT is '{port}', which is no port. Name one: export LOCAL_CLOUD_PORT=4566" in " ".join(
        done.stdout.split()
    )


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_without_credentials_it_says_how_to_sign_in(name: str) -> None:
    """No credentials lead to one line with the way to sign in, and to 2."""
    done = program(name, **NO_CREDENTIALS)

    assert done.returncode == 2
    assert "Unable to locate credentials" in line(done)
    assert "aws sso login" in line(done)


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_an_address_where_nobody_answers_is_named(name: str) -> None:
    """An endpoint that nobody listens at is named in one line, and ends in 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # does not listen
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"

        done = program(name, AWS_ENDPOINT_URL=endpoint, **NOBODY)

    assert done.returncode == 2
    assert endpoint in line(done)
    assert "Is AWS_ENDPOINT_URL set by mistake?" in line(done)


@pytest.mark.parametrize("name", ["ops.doctor", "ops.report"])
def test_an_endpoint_that_is_no_address_is_named(name: str) -> None:
    """An AWS_ENDPOINT_URL that is no URL is named in one line, with one that is, and ends in 2."""
    done = program(name, AWS_ENDPOINT_URL="localhost", **NOBODY)

    assert done.returncode == 2
    assert "localhost. Is AWS_ENDPOINT_URL an address, such as http://127.0.0.1:4566?" in line(done)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("ops.doctor", ["--region", ""], "'' is no Region, such as us-east-1"),
        ("ops.report", ["--region", "Virginia"], "'Virginia' is no Region, such as us-east-1"),
        ("ops.report", ["--stack-name", "a b"], "'a b' is no name of a stack, such as mfa-enforcer"),
        ("ops.report", ["--region"], "expected one argument"),
        ("ops.report", ["--format", "pdf"], "choose from csv, html, json"),
        ("ops.report", ["--output", "/no/such/report.html"], "there is no folder /no/such for report.html"),
        ("ops.report", ["--output", "docs"], "docs is a folder"),
        ("ops.doctor", ["--jsno"], "unrecognized arguments: --jsno"),
    ],
)
def test_a_wrong_argument_is_refused_before_aws_is_asked(name: str, arguments: list[str], expected: str) -> None:
    """A wrong argument leads to one line with what was expected, and to 2, whatever credentials there are."""
    done = program(name, *arguments, **NO_CREDENTIALS)

    assert done.returncode == 2
    assert expected in line(done).replace("'csv', 'html', 'json'", "csv, html, json")
    assert f"python -m {name} --help" in line(done)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that passes for a clone with its tools; its Python writes down its arguments, and ends as told."""
    for done in (".venv/.done", ".venv-sam/.done", "node_modules/.done"):
        (tmp_path / done).parent.mkdir()
        (tmp_path / done).touch()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nprintf '%s ' \"$@\"\nexit $STATUS\n")
    python.chmod(0o755)
    return tmp_path


def make(clone: Path, *words: str, status: int = 0, **environment: str) -> CompletedProcess[str]:
    """Run a target of the Makefile there."""
    set_up = [f"--old-file={file.relative_to(clone)}" for file in clone.glob("*/.done")]
    return run(  # noqa: S603  # ours
        ["make", "--file", str(ROOT / "Makefile"), *set_up, *words],  # noqa: S607  # whichever ops have
        cwd=clone,
        env={"PATH": os.environ["PATH"], "STATUS": str(status), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["doctor", "report"])
@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_make_tells_success_from_failure_and_no_more(clone: Path, target: str, status: int) -> None:
    """Through make every status but 0 is 2, as the help and the documents say."""
    assert make(clone, target, status=status).returncode == (2 if status else 0)


@pytest.mark.parametrize("target", ["doctor", "report"])
def test_make_hands_on_only_what_was_given(clone: Path, target: str) -> None:
    """A stack counts as named only if somebody named it, on the command line or in the environment."""
    assert "--stack-name" not in make(clone, target).stdout
    assert "--stack-name typo" in make(clone, target, "STACK=typo").stdout
    assert "--stack-name typo" in make(clone, target, STACK="typo").stdout
    assert "--region us-gov-west-1" in make(clone, target, "REGION=us-gov-west-1").stdout
