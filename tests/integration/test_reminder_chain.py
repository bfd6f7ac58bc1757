"""From remind over the queue to notify on moto: 300 first reminders, with duplicates and throttling on the way."""

import json
from collections import Counter
from random import Random
from typing import Any

import boto3
import pytest
from moto.iam.models import iam_backends

from aws import clients
from notify.handler import lambda_handler as notify
from remind.handler import lambda_handler as remind
from tests.integration.conftest import ACCOUNT, Calls, Context, batch, failed

PEOPLE = 300
SENDER = "mfa@example.com"


class LongContext(Context):
    """The context of a run that has time."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, policy_arn: str) -> None:
    boto3.client("dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("s3").create_bucket(Bucket="reports")
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    environment = {
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
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def populate() -> None:
    """Fill moto's account past its API: everybody has a password, nobody a device."""
    backend = iam_backends[ACCOUNT]["aws"]
    for number in range(PEOPLE):
        backend.create_user("us-east-1", f"user{number:04}", tags=[])
        backend.create_login_profile(f"user{number:04}", "correct horse battery staple")
    clients.iam().generate_credential_report()


def test_everybody_gets_exactly_one_reminder(deployed: None, calls: Calls) -> None:
    """Every tenth message comes twice, every hundredth mail is throttled at first, and batches come in disorder."""
    quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 1_000_000.0, "SentLast24Hours": 0.0}
    account = {"ProductionAccessEnabled": True, "SendingEnabled": True, "SendQuota": quota}
    calls.answer("GetAccount", *[json.dumps(account)] * 2 * PEOPLE)
    sent: Counter[str] = Counter()
    asked = 0

    def refuse_some(params: dict[str, Any], **_: object) -> None:
        nonlocal asked
        asked += 1
        if asked % 100 == 0:
            calls.fail("SendEmail", "TooManyRequestsException", status=429)
        else:
            sent[json.loads(params["body"])["Destination"]["ToAddresses"][0]] += 1

    queued: list[str] = []

    def keep(params: dict[str, Any], **_: object) -> None:
        queued.extend(entry["MessageBody"] for entry in json.loads(params["body"])["Entries"])

    # Taken as they are sent: a queue of thousands takes moto minutes.
    calls.answer("SendMessageBatch", *['{"Successful": [], "Failed": []}'] * PEOPLE)
    clients.sqs().meta.events.register("before-call.sqs.SendMessageBatch", keep)
    clients.sesv2_once("us-east-1").meta.events.register("before-call.sesv2.SendEmail", refuse_some)
    populate()

    totals = remind({}, LongContext())
    waiting = [*queued, *queued[::10]]
    Random(1).shuffle(waiting)  # noqa: S311  (any order will do)
    while waiting:
        now, waiting = waiting[:10], waiting[10:]
        again = {int(number.removeprefix("m")) for number in failed(notify(batch(*now), Context()))}
        waiting += [body for number, body in enumerate(now) if number in again]

    assert totals["reminders"] == PEOPLE
    assert sent == Counter(f"user{number:04}@example.com" for number in range(PEOPLE))
    pages = (
        boto3.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName="people", FilterExpression="reminders = :one", ExpressionAttributeValues={":one": {"N": "1"}}
        )
    )
    assert sum(page["Count"] for page in pages) == PEOPLE
    assert calls.count("ListMFADevices") <= 2.5 * PEOPLE
