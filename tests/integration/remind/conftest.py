"""What the tests of the remind handler share: its surroundings on moto, and people to remind."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from aws import clients
from domain.reminders.message import ReminderMessage
from tests.integration.conftest import Calls, Context

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


TODAY = datetime.now(UTC).date()
NAME = "alice@example.com"


@dataclass(frozen=True)
class LongContext(Context):
    """The context of a function with fifteen minutes, of which these are left."""

    function_name: str = "remind"
    left: int = 900_000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # left over differs from test to test
        return self.left


def next_run() -> LongContext:
    """The context of a run that the schedule starts, which repeats no other."""
    return LongContext(aws_request_id=str(uuid4()))


class Surroundings:
    """What remind writes to: the table, the mail queue, and a queue that is subscribed to the ops topic."""

    def __init__(self) -> None:
        self.dynamodb, self.sqs, sns = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("sns")
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="reports")
        self.dynamodb.create_table(
            TableName="people",
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.mail = self.sqs.create_queue(QueueName="mail")["QueueUrl"]
        self.ops = self.sqs.create_queue(QueueName="ops")["QueueUrl"]
        self.topic = sns.create_topic(Name="ops")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:111122223333:ops")

    def _taken(self, url: str) -> list[str]:
        bodies: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def mails(self) -> list[ReminderMessage]:
        """Take every message off the mail queue, in the order of the user names."""
        found = [ReminderMessage.from_json(body) for body in self._taken(self.mail)]
        return sorted(found, key=lambda message: message.user_name)

    def digests(self) -> list[dict[str, Any]]:
        """Take what ops were told."""
        return [json.loads(body) for body in self._taken(self.ops)]

    def item(self, user_id: str) -> dict[str, Any] | None:
        return self.dynamodb.get_item(TableName="people", Key={"user_id": {"S": user_id}}).get("Item")

    def put(self, user_id: str, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self.dynamodb.put_item(TableName="people", Item={"user_id": {"S": user_id}, **attributes})

    def kept(self) -> dict[str, str]:
        """Read the files in the bucket by their keys."""
        keys = [found["Key"] for found in self.s3.list_objects_v2(Bucket="reports").get("Contents", [])]
        return {key: self.s3.get_object(Bucket="reports", Key=key)["Body"].read().decode("utf-8-sig") for key in keys}

    def items(self) -> int:
        return self.dynamodb.scan(TableName="people", Select="COUNT")["Count"]


@pytest.fixture
def context() -> Context:
    return LongContext()


@pytest.fixture(autouse=True)
def around(monkeypatch: pytest.MonkeyPatch, policy_arn: str) -> Surroundings:
    surroundings = Surroundings()
    clients.iam().generate_credential_report()
    environment = {
        "PEOPLE_TABLE": "people",
        "MAIL_QUEUE_URL": surroundings.mail,
        "OPS_TOPIC_ARN": surroundings.topic,
        "POLICY_ARN": policy_arn,
        "GROUP_NAME": "mfa-control",
        "EXEMPT_TAG_KEY": "mfa-exempt",
        "EXEMPT_PATHS": "/service/",
        "SENDER_EMAIL": "mfa@example.com",
        "SES_REGION": "us-east-1",
        "EMAIL_TAG_KEY": "email",
        "DEFAULT_EMAIL_DOMAIN": "",
        "ALLOWED_EMAIL_DOMAINS": "example.com",
        "DEFAULT_LANGUAGE": "en",
        "REMINDER_TIME_ZONE": "UTC",
        "REMINDER_DAYS": "0,1,3,7,14",
        "ESCALATE_AFTER_DAYS": "14",
        "REPORT_BUCKET": "reports",
        "REPORT_RETENTION_DAYS": "400",
        "DRY_RUN": "false",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return surroundings


@pytest.fixture
def event(event_text: Callable[[str], str]) -> dict[str, Any]:
    return json.loads(event_text("remind_schedule"))  # type: ignore[no-any-return]  # the sample is an object


@pytest.fixture
def calls(calls: Calls) -> Calls:
    """SES is out of its sandbox and has verified the sender; moto does not know the one call."""
    calls.answer("GetAccount", *[ses_account()] * 9)
    calls.answer("GetEmailIdentity", *['{"VerifiedForSendingStatus": true}'] * 9)
    return calls


def ses_account(*, most: float = 50_000.0, sent: float = 3.0) -> str:
    """SES's answer about an account that may send so many mails in 24 hours and has sent some of them."""
    quota = {"Max24HourSend": most, "MaxSendRate": 14.0, "SentLast24Hours": sent}
    return json.dumps({"ProductionAccessEnabled": True, "SendingEnabled": True, "SendQuota": quota})


@pytest.fixture
def person(iam: "IAMClient") -> Callable[..., str]:
    """Create a user with a password, who is reachable by the name; return the id."""

    def create(name: str = NAME, *, path: str = "/", password: bool = True, **tags: str) -> str:
        named = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items()]
        user = iam.create_user(UserName=name, Path=path, Tags=named)["User"]  # type: ignore[arg-type]  # tags are tags
        if password:
            iam.create_login_profile(UserName=name, Password="correct horse battery staple")
        return user["UserId"]

    return create


def enrol(iam: "IAMClient", name: str) -> None:
    """Register a virtual device as the person would."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name.partition("@")[0])["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=device["SerialNumber"], AuthenticationCode1="123456", AuthenticationCode2="654321"
    )


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


Person = Callable[..., str]


def report_of(iam: "IAMClient", shifted: str = "") -> str:
    """The answer to GetCredentialReport as IAM would give it now; the row of one user is shifted by a comma."""
    found = iam.get_credential_report()["Content"].decode()
    text = found.replace(f"\n{shifted},", "\nodd,one,", 1) if shifted else found
    content = b64encode(text.encode()).decode()
    return (
        "<GetCredentialReportResponse><GetCredentialReportResult>"
        f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
        "<GeneratedTime>2026-11-24T05:00:00Z</GeneratedTime>"
        "</GetCredentialReportResult></GetCredentialReportResponse>"
    )
