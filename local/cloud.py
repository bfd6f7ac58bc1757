"""MiniStack on 127.0.0.1: started, waited for, and always stopped."""

import os
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import boto3

from local.processes import running, tail

if TYPE_CHECKING:
    from botocore.client import BaseClient

ROOT = Path(__file__).parent.parent
ACCOUNT = "111122223333"
SECRET = "local"  # noqa: S105  # of an account that is not one
REGION = "us-east-1"
# Where `make local` and `make demo` listen, unless LOCAL_CLOUD_PORT says otherwise.
PORT = 4566
_READY_WITHIN_SECONDS = 60.0


class PortTaken(RuntimeError):
    """Somebody else listens where the local cloud was to; the text says what to do."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is taken, perhaps by another local cloud. End that one, or choose a free port: "
            f"LOCAL_CLOUD_PORT={port + 1} make local"
        )


class NotStarted(RuntimeError):
    """The local cloud ended by itself or did not answer in time; the text holds the end of its log."""


@dataclass(frozen=True)
class Cloud:
    """A running local cloud: one account, nothing in it at first.

    `folder` is for whatever belongs to this run (logs, build results) and goes with it.
    """

    port: int
    folder: Path

    @property
    def endpoint(self) -> str:
        """Return what AWS_ENDPOINT_URL must be to reach it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return where MiniStack writes."""
        return self.folder / "ministack.log"

    @property
    def credentials(self) -> Mapping[str, str]:
        """Return what reaches the local cloud and no other: an account number is the access key of that account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment for programs that shall work with the local cloud, and can reach no real account."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nobody = {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        # How often sam asks whether the deployment is done, in seconds: this cloud tires less than AWS.
        sam = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2"}
        return {**ours, **nobody, **sam, **self.credentials}

    def client(self, service: str, access_key_id: str = ACCOUNT, secret: str = SECRET) -> Any:  # noqa: ANN401
        """Return a boto3 client for the local cloud, of the account itself or of whose key it is."""
        client: BaseClient = boto3.client(
            service,  # type: ignore[call-overload]  # its overloads want literals
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            region_name=REGION,
        )
        return client


@contextmanager
def started(port: int | None = None) -> Iterator[Cloud]:
    """Run a local cloud for as long as the block lasts; without a port a free one is chosen.

    Raises PortTaken and NotStarted.
    """
    with tempfile.TemporaryDirectory(prefix="local-cloud-", ignore_cleanup_errors=True) as folder:
        cloud = Cloud(port or _free_port(), Path(folder))
        _check_free(cloud.port)
        command = [sys.executable, "-m", "local.server", folder]
        with cloud.log.open("w") as log, running(command, _server_environment(cloud), log) as process:
            _wait_until_ready(cloud, process)
            yield cloud


def chosen_port() -> int:
    """Return the port that LOCAL_CLOUD_PORT names, or the usual one."""
    return int(os.environ.get("LOCAL_CLOUD_PORT") or PORT)


def _server_environment(cloud: Cloud) -> dict[str, str]:
    # The cloud must not inherit an endpoint: it would hand it on to the functions.
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
        # Listeners that nobody here needs.
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
        # As the server itself does: a port that only waits out its last connections is free.
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


def _answers(cloud: Cloud) -> bool:
    try:
        with urllib.request.urlopen(f"{cloud.endpoint}/_ministack/ready", timeout=1):  # noqa: S310  # http on 127.0.0.1
            return True
    except (URLError, TimeoutError, ConnectionError):
        return False
