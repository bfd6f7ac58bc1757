"""The clients that functions call AWS with: made once per worker, with retries that suit a queue behind them."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# The mode is said aloud: AWS_NEW_RETRIES_2026 changes the default. What five attempts do not carry through goes back to
# the queue, which waits better than a function does.
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10)


@cache
def iam() -> "IAMClient":
    """Return the IAM client of this worker."""
    return boto3.client("iam", config=_PATIENT)
