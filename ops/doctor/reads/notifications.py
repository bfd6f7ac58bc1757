"""Reads whether SES sends mail, and the subscriptions of the ops topic."""

from typing import TYPE_CHECKING

from ops.doctor.facts import Deleted, Sending, Subscription, Unreadable
from ops.doctor.reads.reading import read_resource
from ops.stacks import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient


class Mail:
    """Reads whether SES may send, and whether the sender is verified."""

    PERMISSIONS = ("ses:GetAccount", "ses:GetEmailIdentity")

    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    def sending(self, sender: str) -> Sending:
        """Return the state of SES for this sender.

        SES uses the identity of the address before that of its domain, and a verified domain covers its subdomains
        ("Verified identities in Amazon SES").
        """
        account = self._client.get_account()
        return Sending(
            sender=sender,
            region=self._client.meta.region_name,
            identity=next(filter(self._is_verified, _identities_of(sender)), None),
            production=account.get("ProductionAccessEnabled", False),
            enabled=account.get("SendingEnabled", False),
        )

    def _is_verified(self, identity: str) -> bool:
        try:
            return self._client.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus", False)
        except self._client.exceptions.NotFoundException:
            return False


def _identities_of(sender: str) -> "Iterator[str]":
    """Yield the identities that allow an address to send: itself, its domain, and the domains above but the last."""
    yield sender
    domain = sender.rpartition("@")[2]
    while "." in domain:
        yield domain
        domain = domain.partition(".")[2]


class Subscriptions:
    """Reads the subscriptions of a topic."""

    PERMISSIONS = ("sns:ListSubscriptionsByTopic",)

    def __init__(self, client: "SNSClient") -> None:
        self._client = client

    def of(self, topic: Resource) -> list[Subscription] | Deleted | Unreadable:
        """Return every subscription, also those that are not confirmed."""
        return read_resource(self.PERMISSIONS, topic, "topic", lambda: self._of(topic.physical))

    def _of(self, arn: str) -> list[Subscription]:
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        return [
            # SNS shows PendingConfirmation instead of an ARN ("ListSubscriptionsByTopic").
            Subscription(each["Protocol"], each["Endpoint"], confirmed=each["SubscriptionArn"].startswith("arn:"))
            for page in pages
            for each in page["Subscriptions"]
        ]
