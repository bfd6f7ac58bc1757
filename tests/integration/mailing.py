"""Many people on moto, from `remind` through the queue to `notify`: it counts the mails that SES takes."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from moto.iam.models import iam_backends

from aws import clients
from notify.handler import lambda_handler as notify
from remind.handler import lambda_handler as remind
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Stack

SENDER = "mfa@example.com"


def deploy(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """Return a stack that reminds everybody of one domain."""
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    return Stack(monkeypatch, SenderEmail=SENDER, DefaultEmailDomain="example.com")


def populate(people: int, *, enrolled: int = 0, policy_arn: str = "") -> None:
    """Fill moto's account past its API: all users have a password and this policy, and the enrolled ones a device."""
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

    def __init__(self, stack: Stack, calls: Calls, people: int, *, throttled: bool = False) -> None:
        self._stack = stack
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
        self._stack.run("RemindFunction")
        return remind({}, Context("RemindFunction")), self._queued

    def notify(self, waiting: list[str]) -> None:
        """Have `notify` take the messages in batches of ten, and again those that fail."""
        self._stack.run("NotifyFunction")
        while waiting:
            now, waiting = waiting[:10], waiting[10:]
            again = {int(number.removeprefix("m")) for number in failed(notify(batch(*now), Context("NotifyFunction")))}
            waiting += [body for number, body in enumerate(now) if number in again]

    def _keep(self, params: dict[str, Any], **_: object) -> None:
        self._queued.extend(entry["MessageBody"] for entry in json.loads(params["body"])["Entries"])

    def _send(self, params: dict[str, Any], **_: object) -> None:
        self._asked += 1
        if self._throttled and self._asked % 100 == 0:
            self._calls.fail("SendEmail", "TooManyRequestsException", status=429)
        else:
            self.sent[json.loads(params["body"])["Destination"]["ToAddresses"][0]] += 1
