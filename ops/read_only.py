"""AWS clients that refuse to write, and the IAM policy that allows what they call."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.model import OperationModel

# IAM lists GenerateCredentialReport as a read ("Actions, resources, and condition keys for AWS IAM").
_READS = ("Describe", "Filter", "GenerateCredentialReport", "Get", "List", "Scan")

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)


class WouldWrite(RuntimeError):
    """A call was refused, because it is not known to be a read."""


def read_only_session(region: str) -> boto3.Session:
    """Return a session with the caller's credentials, whose clients raise WouldWrite instead of writing."""
    session = boto3.Session(region_name=region)
    session.events.register("before-call", _refuse_writes)
    return session


def _refuse_writes(model: "OperationModel", **_: object) -> None:
    if not model.name.startswith(_READS):
        raise WouldWrite(model.name)


def policy_for(adapters: Iterable[Any]) -> str:
    """Return the IAM policy that allows what these adapters declare in PERMISSIONS, and nothing else."""
    actions = sorted({action for adapter in adapters for action in adapter.PERMISSIONS})
    statement = {"Sid": "ReadWhatTheDoctorAndTheReportRead", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
