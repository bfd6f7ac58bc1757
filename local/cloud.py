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
SECRET = "local"  # noqa: S105  # of an account that is not one
REGION = "us-east-1"


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
