"""The commands that documents and the doctor give people, as a shell and the AWS CLI read them; none is carried out."""

import os
import shlex
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from subprocess import DEVNULL, run
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]  # ships no types

PROGRAMS = ("aws", "sam", "make")

# Each program writes down what it is called with, and prints what passes for an ARN and for a parameter of a stack; no
# other program is found. That bash does not say so keeps its words out of what the stand-ins write at the same time.
_PRINTED = "ParameterKey=what-it-prints,UsePreviousValue=true"
_STAND_INS = "PATH=/nonexistent\ncommand_not_found_handle() { return 127; }\n" + "".join(
    f"{program}() {{ printf '%q ' {program} \"$@\" >&2; echo >&2; echo {_PRINTED}; }}\n" for program in PROGRAMS
)
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}


class NoCommand(ValueError):
    """The AWS CLI does not take the arguments; the message is what it says."""


def calls_in(script: str) -> list[list[str]]:
    """Return the calls of `aws`, `sam` and `make` in a script, as the shell hands them over; raise if it cannot."""
    shell = ["/bin/bash", "-c", _STAND_INS + script]
    # From the root no program of the project is found either.
    done = run(shell, env={}, cwd="/", stdin=DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603  # as above
    if "syntax error" in done.stderr or "unexpected EOF" in done.stderr:
        raise NoCommand(done.stderr)
    return [shlex.split(line) for line in done.stderr.splitlines() if line.startswith(PROGRAMS)]


def request_of(call: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the operation that a call of `aws` leads to, and its parameters; raise NoCommand if the CLI refuses it."""
    requests = _requests()
    requests.clear()
    with patch.dict(os.environ, _CREDENTIALS), redirect_stderr(StringIO()) as complaint, redirect_stdout(StringIO()):
        try:
            code = _cli().main(list(call[1:]))
        except SystemExit as end:
            code = end.code
    if code or not requests:
        raise NoCommand(complaint.getvalue())
    return requests[0]


@cache
def _requests() -> list[tuple[str, dict[str, Any]]]:
    return []


@cache
def _cli() -> Any:  # noqa: ANN401  # ships no types
    """Return the CLI, which writes its requests down and answers them itself; making one takes longest."""
    driver = create_clidriver()

    def remember(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's
        _requests().append((model.name, dict(params)))

    driver.session.register("provide-client-params", remember)
    driver.session.register("before-call", lambda **_: (SimpleNamespace(status_code=200), {}))
    return driver
