"""Starts a local cloud, waits until it is ready, and always stops it."""

import argparse
import os
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from urllib.error import URLError

from local.cloud import ACCOUNT, REGION, ROOT, Cloud
from local.processes import running, tail

# The port of `make local` and `make demo`, unless LOCAL_CLOUD_PORT names another.
PORT = 4566
_READY_WITHIN_SECONDS = 60.0


class PortTaken(RuntimeError):
    """Another program uses the local cloud's port; the text says what to do."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is taken, perhaps by another local cloud. End that one, or choose another port: "
            f"export LOCAL_CLOUD_PORT={port + 1}"
        )


class InvalidPort(RuntimeError):
    """LOCAL_CLOUD_PORT is not a port; the text gives an example."""

    def __init__(self, named: str) -> None:
        super().__init__(
            f"LOCAL_CLOUD_PORT is {named!r}, which is not a port. Choose one: export LOCAL_CLOUD_PORT={PORT}"
        )


class NotStarted(RuntimeError):
    """The local cloud ended by itself or did not answer in time; the text contains the end of its log."""


@contextmanager
def started(port: int | None = None) -> Iterator[Cloud]:
    """Run a local cloud as long as the block runs; without a port a free one is chosen.

    Raises PortTaken and NotStarted.
    """
    with tempfile.TemporaryDirectory(prefix="local-cloud-", ignore_cleanup_errors=True) as folder:
        cloud = Cloud(port or _free_port(), Path(folder))
        _check_free(cloud.port)
        command = [sys.executable, "-m", "local.server", folder]
        with cloud.log.open("w") as log, running(command, _server_environment(cloud), log) as process:
            _wait_until_ready(cloud, process)
            _show_the_trail(cloud)
            yield cloud


def chosen_port() -> int:
    """Return the port in LOCAL_CLOUD_PORT (0 for any free one), or the default; raises InvalidPort."""
    named = os.environ.get("LOCAL_CLOUD_PORT") or str(PORT)
    if not (named.isascii() and named.isdigit() and int(named) < 65536):
        raise InvalidPort(named)
    return int(named)


def arguments(program: str, description: str | None, statuses: str) -> argparse.ArgumentParser:
    """Return the argument parser of a program that starts a local cloud: its only option is --help."""
    reads = f"""\
It reads LOCAL_CLOUD_PORT, the port of 127.0.0.1 to listen at (default: {PORT}), and samconfig.toml. It reads no
credentials, and reaches no AWS account."""
    return argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=description,
        epilog=f"{reads}\n\nexit status:\n{statuses}\n  2    an argument is wrong",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _server_environment(cloud: Cloud) -> dict[str, str]:
    # The cloud must not inherit an endpoint, because it would pass it on to the functions.
    environment = {name: value for name, value in cloud.environment().items() if name != "AWS_ENDPOINT_URL"}
    return environment | {
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(cloud.port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(cloud.folder),
        "S3_DATA_DIR": str(cloud.folder / "s3"),
        "STATE_DIR": str(cloud.folder / "state"),
        # Listeners that are not needed here.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PYTHONPATH": str(ROOT),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does: a port whose last connections are only in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(port) from error


def _wait_until_ready(cloud: Cloud, process: Popen[str]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(cloud):
            return
        time.sleep(0.05)
    message = f"The local cloud did not start. The end of its log:\n{tail(cloud.log)}"
    raise NotStarted(message)


def _show_the_trail(cloud: Cloud) -> None:
    """Create a trail, because IAM's calls are recorded and reach the event bus (`local.server.recording`)."""
    cloudtrail = cloud.client("cloudtrail")
    cloudtrail.create_trail(Name="local-cloud", S3BucketName="not-written", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="local-cloud")


def _answers(cloud: Cloud) -> bool:
    try:
        with urllib.request.urlopen(f"{cloud.endpoint}/_ministack/ready", timeout=1):  # noqa: S310  # http on 127.0.0.1
            return True
    except (URLError, TimeoutError, ConnectionError):
        return False
