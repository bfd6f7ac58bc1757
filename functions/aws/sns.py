"""The topic of ops, and what goes there once a day at most."""

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
    """Tells ops, with the attributes that subscriptions filter by."""

    PERMISSIONS = ("sns:Publish",)

    def __init__(self, client: "SNSClient", arn: str, account: str) -> None:
        self._client = client
        self._arn = arn
        self._account = account

    def publish(self, notice: Notice) -> None:
        """Publish a notice and the account that it is about; a subject too long for SNS is cut."""
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
    """Tells ops what they were not told within a day.

    The mark comes after the notice. A function that is killed between the two tells ops a second time, and a notice is
    never lost.
    """

    PERMISSIONS = (*OpsTopic.PERMISSIONS, *NoticeThrottle.PERMISSIONS)

    def __init__(self, topic: OpsTopic, throttle: NoticeThrottle) -> None:
        self._topic = topic
        self._throttle = throttle

    def publish(self, notice: Notice, about: str, now: datetime) -> None:
        """Tell ops of one thing; `about` is what makes it the same as another."""
        self.publish_new({about: notice}, lambda notices: notices[0], now)

    def publish_new[Item](
        self, items: Mapping[str, Item], notice_of: Callable[[Sequence[Item]], Notice], now: datetime
    ) -> None:
        """Tell ops, in one notice, of those of the items that are new; the keys are what makes them the same."""
        if not items:
            return
        kind = notice_of(list(items.values())).kind
        new = {about: item for about, item in items.items() if not self._throttle.was_published(kind, about, now)}
        if not new:
            return
        self._topic.publish(notice_of(list(new.values())))
        for about in new:
            self._throttle.record(kind, about, now)
