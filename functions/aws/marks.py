"""The table of marks: what is remembered, most of it for an hour or a day until it expires by itself.

An item is a mark of a kind on a subject. DynamoDB deletes expired items within some days only ("Using time to live"),
so every read looks at `expires`, which is in seconds since 1970.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.enforcement import Marked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_LEAVING, _HELD, _TOLD = "leaving", "held", "told"
_A_DAY = timedelta(days=1)


class UserMarks:
    """Reads what is remembered of users."""

    PERMISSIONS = ("dynamodb:Query",)

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def read(self, now: datetime) -> Marked:
        """Return everybody who bears a mark: two calls, for they are few."""
        return Marked(leaving=self._ids(_LEAVING, now), held=self._ids(_HELD, now))

    def _ids(self, kind: str, now: datetime) -> frozenset[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="kind = :kind",
            FilterExpression="attribute_not_exists(expires) OR expires > :now",
            ExpressionAttributeValues={":kind": {"S": kind}, ":now": _seconds(now)},
            ConsistentRead=True,
        )
        return frozenset(item["subject"]["S"] for page in pages for item in page["Items"])


class UserMarker:
    """Marks users."""

    PERMISSIONS = ("dynamodb:PutItem",)

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def leaving(self, user_id: str, until: datetime) -> None:
        """Keep everybody from attaching the policy again until then."""
        self._put({"kind": {"S": _LEAVING}, "subject": {"S": user_id}, "expires": _seconds(until)})

    def held(self, user_id: str, until: datetime | None = None) -> None:
        """Remember that the policy was on the user, for good or until then; what is remembered for good stays so."""
        item: dict[str, AttributeValueTypeDef] = {"kind": {"S": _HELD}, "subject": {"S": user_id}}
        if until is None:
            self._put(item)
            return
        for_good = "attribute_exists(subject) AND attribute_not_exists(expires)"
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._table,
                Item={**item, "expires": _seconds(until)},
                ConditionExpression=f"NOT ({for_good})",
            )

    def _put(self, item: "Mapping[str, AttributeValueTypeDef]") -> None:
        self._client.put_item(TableName=self._table, Item=item)


class _Counts:
    """Counts by user and period."""

    PERMISSIONS = ("dynamodb:GetItem", "dynamodb:UpdateItem")
    _kind: str
    _period: str  # as strftime writes it
    _kept: timedelta

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def so_far(self, user_id: str, now: datetime) -> int:
        """Return the number in this period."""
        found = self._client.get_item(TableName=self._table, Key=self._key(user_id, now), ConsistentRead=True)
        return int(found["Item"]["times"]["N"]) if "Item" in found else 0

    def add(self, user_id: str, now: datetime) -> None:
        """Count once more."""
        self._client.update_item(
            TableName=self._table,
            Key=self._key(user_id, now),
            UpdateExpression="ADD times :one SET expires = :later",
            ExpressionAttributeValues={":one": {"N": "1"}, ":later": _seconds(now + self._kept)},
        )

    def _key(self, user_id: str, now: datetime) -> "dict[str, AttributeValueTypeDef]":
        return {"kind": {"S": self._kind}, "subject": {"S": f"{now.strftime(self._period)}#{user_id}"}}


class AttachmentCounts(_Counts):
    """Counts how often a day the policy is put back on a user."""

    _kind, _period, _kept = "attached", "%Y-%m-%d", 2 * _A_DAY


class DeletionCounts(_Counts):
    """Counts how often a week a user is let go for being deleted."""

    _kind, _period, _kept = "gave-way", "%G-W%V", 8 * _A_DAY


class ToldMarks:
    """Keeps ops from being told the same again within a day."""

    PERMISSIONS = ("dynamodb:PutItem", "dynamodb:DeleteItem")

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    @contextmanager
    def once_a_day(self, kind: str, subject: str, now: datetime) -> Iterator[bool]:
        """Yield whether ops are to be told, for they were not in the last 24 hours.

        The mark comes first, so that of two functions only one tells; where the telling fails, the mark goes again.
        """
        key: dict[str, AttributeValueTypeDef] = {"kind": {"S": _TOLD}, "subject": {"S": f"{kind}#{subject}"}}
        first = self._claim({**key, "expires": _seconds(now + _A_DAY)}, now)
        try:
            yield first
        except BaseException:
            if first:
                self._client.delete_item(TableName=self._table, Key=key)
            raise

    def _claim(self, item: "Mapping[str, AttributeValueTypeDef]", now: datetime) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(kind) OR expires <= :now",
                ExpressionAttributeValues={":now": _seconds(now)},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _seconds(at: datetime) -> "AttributeValueTypeDef":
    return {"N": str(int(at.timestamp()))}
