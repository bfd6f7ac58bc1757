"""An account on moto with many people, from `remind` over the queue to `notify`: each mail that SES takes is noted."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import boto3
from moto.iam.models import iam_backends

from aws import clients
from notify.handler import lambda_handler as notify
from remind.handler import lambda_handler as remind
from tests.integration.conftest import ACCOUNT, Calls, Context, batch, failed

SENDER = "mfa@example.com"


class LongContext(Context):
    """The context of a run that has time."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


def deploy(policy_arn: str) -> Mapping[str, str]:
    """Create what the template creates around both functions; return their environment."""
    boto3.client("dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("s3").create_bucket(Bucket="reports")
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    return {
        "PEOPLE_TABLE": "people",
        "MAIL_QUEUE_URL": boto3.client("sqs").create_queue(QueueName="mail")["QueueUrl"],
        "OPS_TOPIC_ARN": boto3.client("sns").create_topic(Name="ops")["TopicArn"],
        "POLICY_ARN": policy_arn,
        "GROUP_NAME": "mfa-control",
        "EXEMPT_TAG_KEY": "mfa-exempt",
        "EXEMPT_PATHS": "",
        "SENDER_EMAIL": SENDER,
        "SES_REGION": "us-east-1",
        "CONFIGURATION_SET": "",
        "CONTACT": "",
        "EMAIL_TAG_KEY": "email",
        "DEFAULT_EMAIL_DOMAIN": "example.com",
        "ALLOWED_EMAIL_DOMAINS": "",
        "DEFAULT_LANGUAGE": "en",
        "REMINDER_TIME_ZONE": "UTC",
        "REMINDER_DAYS": "0,1,3,7,14",
        "ESCALATE_AFTER_DAYS": "14",
        "DRY_RUN": "false",
        "REPORT_BUCKET": "reports",
        "REPORT_RETENTION_DAYS": "365",
    }


def populate(people: int, *, enrolled: int = 0, policy_arn: str = "") -> None:
    """Fill moto's account past its API: everybody has a password and this policy, and those enrolled have a device."""
    backend = iam_backends[ACCOUNT]["aws"]
    for number in range(people + enrolled):
        name = f"user{number:04}"
        backend.create_user("us-east-1", name, tags=[])
        backend.create_login_profile(name, "correct horse battery staple")
        if policy_arn:
            backend.attach_user_policy(policy_arn, name)
        if number >= people:
            serial = backend.create_virtual_mfa_device(name, "/").serial_number
            backend.enable_mfa_device(name, serial, "123456", "654321")
    clients.iam().generate_credential_report()


class Mailing:
    """A reminder run and what follows from it; every hundredth mail is throttled at first if `throttled` says so."""

    def __init__(self, calls: Calls, people: int, *, throttled: bool = False) -> None:
        self.sent: Counter[str] = Counter()
        self._queued: list[str] = []
        self._calls, self._asked, self._throttled = calls, 0, throttled
        quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 1_000_000.0, "SentLast24Hours": 0.0}
        account = {"ProductionAccessEnabled": True, "SendingEnabled": True, "SendQuota": quota}
        # moto does not know these two calls.
        calls.answer("GetAccount", *[json.dumps(account)] * 2 * people)
        calls.answer("GetEmailIdentity", *['{"VerifiedForSendingStatus": true}'] * 2)
        # Taken as they are sent: a queue of thousands takes moto minutes.
        calls.answer("SendMessageBatch", *['{"Successful": [], "Failed": []}'] * people)
        clients.sqs().meta.events.register("before-call.sqs.SendMessageBatch", self._keep)
        clients.sesv2_without_retries("us-east-1").meta.events.register("before-call.sesv2.SendEmail", self._send)

    def remind(self) -> tuple[Mapping[str, Any], list[str]]:
        """Run `remind`; return its totals and the messages for `notify`."""
        return remind({}, LongContext()), self._queued

    def notify(self, waiting: list[str]) -> None:
        """Have `notify` take the messages in batches of ten, and again those that fail."""
        while waiting:
            now, waiting = waiting[:10], waiting[10:]
            again = {int(number.removeprefix("m")) for number in failed(notify(batch(*now), Context()))}
            waiting += [body for number, body in enumerate(now) if number in again]

    def _keep(self, params: dict[str, Any], **_: object) -> None:
        self._queued.extend(entry["MessageBody"] for entry in json.loads(params["body"])["Entries"])

    def _send(self, params: dict[str, Any], **_: object) -> None:
        self._asked += 1
        if self._throttled and self._asked % 100 == 0:
            self._calls.fail("SendEmail", "TooManyRequestsException", status=429)
        else:
            self.sent[json.loads(params["body"])["Destination"]["ToAddresses"][0]] += 1
