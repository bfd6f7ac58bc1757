"""A running local cloud, and how to reach it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from botocore.client import BaseClient

ROOT = Path(__file__).parent.parent
ACCOUNT = "111122223333"
SECRET = "local"  # noqa: S105  # of an account that does not exist
REGION = "us-east-1"


@dataclass(frozen=True)
class Cloud:
    """A running local cloud: one account, empty at first.

    `folder` is for the files of this run (logs, build results), and is removed with it.
    """

    port: int
    folder: Path

    @property
    def endpoint(self) -> str:
        """Return the AWS_ENDPOINT_URL of the local cloud."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return MiniStack's log file."""
        return self.folder / "ministack.log"

    @property
    def credentials(self) -> Mapping[str, str]:
        """Return variables that reach the local cloud and no other: the access key of an account is its number."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    def environment(self) -> dict[str, str]:
        """Return the environment for programs that use the local cloud; it reaches no real account."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nobody = {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        # The polling interval of sam deploy, in seconds: the local cloud does not throttle.
        sam = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2"}
        # Processes of sam that share a folder can read each other's half-written files.
        sam["__SAM_CLI_APP_DIR"] = str(self.folder)
        return {**ours, **nobody, **sam, **self.credentials}

    def client(self, service: str, access_key_id: str = ACCOUNT, secret: str = SECRET) -> Any:  # noqa: ANN401
        """Return a boto3 client for the local cloud, of the account itself or of the owner of the key."""
        client: BaseClient = boto3.client(
            service,  # type: ignore[call-overload]  # its overloads want literals
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            region_name=REGION,
        )
        return client
