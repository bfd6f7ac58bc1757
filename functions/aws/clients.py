"""The clients that functions call AWS with: made once per worker, with retries that suit whatever is behind them."""

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
    """Return what goes for all clients but one; botocore itself reads how often to try, from AWS_MAX_ATTEMPTS."""
    # The mode is said aloud: AWS_NEW_RETRIES_2026 changes the default.
    return Config(retries={"mode": "standard"}, connect_timeout=3, read_timeout=10)


# Told twice, SES sends twice: a mail whose answer got lost may be on its way. So nothing is tried again, and the answer
# has long to come.
_WITHOUT_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=20)

_IAM_CALLS_PER_SECOND = 10


@cache
def iam() -> "IAMClient":
    """Return the IAM client of this worker."""
    return boto3.client("iam", config=_retrying())


@cache
def paced_iam(workers: int = 1) -> "IAMClient":
    """Return an IAM client for runs that last minutes: so many workers make ten calls a second at most, retries too.

    IAM's limits are not published, and the whole account shares them: ops and their pipelines go first.
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
    """Return the SES client of this worker for the Region that mail is sent from, which need not be the stack's."""
    return boto3.client("sesv2", region_name=region, config=_retrying())


@cache
def lambda_() -> "LambdaClient":
    """Return the Lambda client of this worker."""
    return boto3.client("lambda", config=_retrying())


@cache
def sesv2_without_retries(region: str) -> "SESV2Client":
    """Return the SES client of this worker for what must not happen twice."""
    return boto3.client("sesv2", region_name=region, config=_WITHOUT_RETRIES)
