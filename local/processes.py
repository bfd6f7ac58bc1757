"""Child programs, each in its own process group, so that all its processes can be ended by id."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

# The time a program has to end after SIGTERM, before SIGKILL.
_GRACE_SECONDS = 2.0

type Environment = Mapping[str, str]


class ProgramFailed(RuntimeError):
    """A program ended with an error; the text contains the end of its output."""


@contextmanager
def running(command: Sequence[str], environment: Environment, output: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program as long as the block runs, however the block ends; its standard input is a pipe of ours."""
    with subprocess.Popen(  # noqa: S603  # commands of this package only
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            _end(process)


def run(command: Sequence[str], environment: Environment, log: Path, *, timeout: float) -> None:
    """Run a program to its end with its output in `log`; raises ProgramFailed, also after `timeout` seconds."""
    with log.open("w") as output, running(command, environment, output) as process:
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            message = f"{' '.join(command)} took longer than {timeout:.0f} s"
            raise ProgramFailed(message) from error
    if status:
        message = f"{' '.join(command)} failed:\n{tail(log)}"
        raise ProgramFailed(message)


def tail(log: Path, lines: int = 40) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def end_on_termination() -> None:
    """Make SIGTERM end this program as Ctrl-C does: through every `finally`."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    # Without this, a program that a shell starts in the background ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(process: subprocess.Popen[str]) -> None:
    """End the whole group, first with SIGTERM.

    The leader is not reaped before the group is gone, so that its id cannot be reused until then.
    """
    if process.returncode is not None:
        return
    try:
        _signal_group(process, signal.SIGTERM)
        _wait_unreaped(process, _GRACE_SECONDS)
    finally:
        _signal_group(process, signal.SIGKILL)


def _wait_unreaped(process: subprocess.Popen[str], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.02)


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
