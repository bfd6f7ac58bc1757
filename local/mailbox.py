"""The mails and digests that the local cloud has sent; mails are kept and not delivered."""

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from local.account import Account, eventually
from local.cloud import ACCOUNT, Cloud

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as it was sent."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mails to all users."""

    cloud: Cloud

    def allow_sender(self, address: str) -> None:
        """Verify a sender's address, as ops do once; the local cloud verifies it at once."""
        ses = cast("SESV2Client", self.cloud.client("sesv2"))
        if address not in {identity["IdentityName"] for identity in ses.list_email_identities()["EmailIdentities"]}:
            ses.create_email_identity(EmailIdentity=address)

    def sent_to(self, address: str) -> list[SentMail]:
        """Return the mails to an address, the oldest first."""
        return [mail for mail in self.sent() if address in mail.to]

    def sent(self) -> list[SentMail]:
        """Return all mails, the oldest first."""
        address = f"{self.cloud.endpoint}/_ministack/ses/messages?{urlencode({'account': ACCOUNT})}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  # http on 127.0.0.1
            messages = json.load(answer)["messages"].get(ACCOUNT, [])
        return [
            SentMail(
                tuple(message["To"]), tuple(message["CC"]), message["Subject"], message["BodyText"], message["BodyHtml"]
            )
            for message in messages
        ]


class OpsInbox:
    """A subscription to the digests on the ops topic, through a queue that only this topic may write to."""

    def __init__(self, account: Account) -> None:
        self._sqs = account.sqs
        topic = account.stack.outputs["OpsTopicArn"]
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        self._url = self._sqs.create_queue(QueueName="ops-digests", Attributes={"Policy": policy})["QueueUrl"]
        about = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        cast("SNSClient", account.stack.cloud.client("sns")).subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=about["QueueArn"],
            Attributes={"FilterPolicy": json.dumps({"kind": ["digest"]})},
        )

    def next_digest(self) -> str:
        """Wait for a digest and remove it from the queue."""
        (message,) = eventually(lambda: self._sqs.receive_message(QueueUrl=self._url).get("Messages"), "a digest")
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        digest: str = json.loads(message["Body"])["Message"]
        return digest
