"""The SNS topic on which ops are told what needs them."""

import re
from typing import TYPE_CHECKING

from domain.notices import Notice

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# "Publish" in the Amazon SNS API Reference: a subject has fewer than 100 characters and no control characters.
_LONGEST_SUBJECT = 99
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class OpsTopic:
    """Tells ops, with the attributes that subscriptions filter by."""

    PERMISSIONS = ("sns:Publish",)

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def tell(self, notice: Notice) -> None:
        """Publish a notice; a subject too long for SNS is cut, for the text says it all."""
        self._client.publish(
            TopicArn=self._arn,
            Subject=_CONTROL.sub(" ", notice.subject)[:_LONGEST_SUBJECT],
            Message=notice.text,
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": notice.kind},
                "severity": {"DataType": "String", "StringValue": notice.severity},
            },
        )
