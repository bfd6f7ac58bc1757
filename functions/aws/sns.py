"""The ops topic, and the notices that are published once a day at most."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from aws.dynamodb.enforcement_table import NoticeThrottle
from domain.notice import Notice

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# "Publish" in the Amazon SNS API Reference: a subject has fewer than 100 characters and no control characters.
_LONGEST_SUBJECT = 99
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class OpsTopic:
    """Publishes to ops, with the attributes that subscriptions filter by."""

    PERMISSIONS = ("sns:Publish",)

    def __init__(self, client: "SNSClient", arn: str, account: str) -> None:
        self._client = client
        self._arn = arn
        self._account = account

    def publish(self, notice: Notice) -> None:
        """Publish a notice with its account; a subject that is too long for SNS is cut."""
        self._client.publish(
            TopicArn=self._arn,
            Subject=_CONTROL.sub(" ", notice.subject)[:_LONGEST_SUBJECT],
            Message=f"{notice.text.rstrip()}\n\nAWS account {self._account}\n",
            MessageAttributes={
                "account": {"DataType": "String", "StringValue": self._account},
                "kind": {"DataType": "String", "StringValue": notice.kind},
                "severity": {"DataType": "String", "StringValue": notice.severity},
            },
        )


class DailyNotices:
    """Publishes a notice unless it was published within a day.

    The notice is recorded after it is published. If a function is killed in between, ops get it twice, but no notice is
    lost.
    """

    PERMISSIONS = (*OpsTopic.PERMISSIONS, *NoticeThrottle.PERMISSIONS)

    def __init__(self, topic: OpsTopic, throttle: NoticeThrottle) -> None:
        self._topic = topic
        self._throttle = throttle

    def publish(self, notice: Notice, about: str, now: datetime) -> None:
        """Publish one notice; notices with the same `about` count as the same."""
        self.publish_new({about: notice}, lambda notices: notices[0], now)

    def publish_new[Item](
        self, items: Mapping[str, Item], notice_of: Callable[[Sequence[Item]], Notice], now: datetime
    ) -> None:
        """Publish the new ones among the items in one notice; items with the same key count as the same."""
        if not items:
            return
        kind = notice_of(list(items.values())).kind
        new = {about: item for about, item in items.items() if not self._throttle.was_published(kind, about, now)}
        if not new:
            return
        self._topic.publish(notice_of(list(new.values())))
        for about in new:
            self._throttle.record(kind, about, now)
