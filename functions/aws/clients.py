"""The clients of the functions: made once per worker, with retries that suit the service."""

from functools import cache
from time import monotonic, sleep
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from aws.rate_limit import RateLimiter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


def _retrying() -> Config:
    """Return the configuration of all clients but one; botocore reads the number of tries from AWS_MAX_ATTEMPTS."""
    # Set the mode explicitly: AWS_NEW_RETRIES_2026 changes the default.
    return Config(retries={"mode": "standard"}, connect_timeout=3, read_timeout=10)


# SendEmail is not idempotent: a request whose response was lost may have been sent. So retries are off and the read
# timeout is long.
_WITHOUT_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=20)

_IAM_CALLS_PER_SECOND = 10


@cache
def iam() -> "IAMClient":
    """Return the IAM client of this worker."""
    return boto3.client("iam", config=_retrying())


@cache
def paced_iam(workers: int = 1) -> "IAMClient":
    """Return an IAM client for runs of minutes: all workers together make ten calls a second at most, retries included.

    IAM's limits are not published, and the whole account shares them: ops and their pipelines take precedence.
    """
    client = boto3.client("iam", config=_retrying())
    pace = RateLimiter(_IAM_CALLS_PER_SECOND / workers, monotonic, sleep)
    client.meta.events.register("before-send.iam", lambda **_: pace.wait())
    return client


@cache
def sqs() -> "SQSClient":
    """Return the SQS client of this worker."""
    return boto3.client("sqs", config=_retrying())


@cache
def sns() -> "SNSClient":
    """Return the SNS client of this worker."""
    return boto3.client("sns", config=_retrying())


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client of this worker."""
    return boto3.client("dynamodb", config=_retrying())


@cache
def s3() -> "S3Client":
    """Return the S3 client of this worker."""
    return boto3.client("s3", config=_retrying())


@cache
def sesv2(region: str) -> "SESV2Client":
    """Return this worker's SES client for the Region that mail is sent from, which need not be the stack's."""
    return boto3.client("sesv2", region_name=region, config=_retrying())


@cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client of this worker."""
    return boto3.client("lambda", config=_retrying())


@cache
def sesv2_without_retries(region: str) -> "SESV2Client":
    """Return this worker's SES client for requests that must not be repeated."""
    return boto3.client("sesv2", region_name=region, config=_WITHOUT_RETRIES)
