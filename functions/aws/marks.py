"""The table of marks: what is remembered for an hour or a day, and then expires by itself.

An item is a mark of a kind on a subject. DynamoDB deletes expired items within some days only ("Using time to live"),
so every read looks at `expires`, which is in seconds since 1970.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_LEAVING, _ATTACHED, _TOLD = "leaving", "attached", "told"
_A_DAY = timedelta(days=1)


class LeavingMarks:
    """Reads whose deletion has just failed because of us."""

    PERMISSIONS = ("dynamodb:Query",)

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def ids(self, now: datetime) -> frozenset[str]:
        """Return their user ids: one call, for they are few."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="kind = :leaving",
            FilterExpression="expires > :now",
            ExpressionAttributeValues={":leaving": {"S": _LEAVING}, ":now": _seconds(now)},
            ConsistentRead=True,
        )
        return frozenset(item["subject"]["S"] for page in pages for item in page["Items"])


class LeavingMarker:
    """Marks users whose deletion has just failed because of us."""

    PERMISSIONS = ("dynamodb:PutItem",)

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def mark(self, user_id: str, until: datetime) -> None:
        """Keep everybody from attaching the policy again until then."""
        item = {"kind": {"S": _LEAVING}, "subject": {"S": user_id}, "expires": _seconds(until)}
        self._client.put_item(TableName=self._table, Item=item)


class AttachmentCounts:
    """Counts how often a day the policy is put back on a user."""

    PERMISSIONS = ("dynamodb:GetItem", "dynamodb:UpdateItem")

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def today(self, user_id: str, now: datetime) -> int:
        """Return today's number."""
        found = self._client.get_item(TableName=self._table, Key=self._key(user_id, now), ConsistentRead=True)
        return int(found["Item"]["times"]["N"]) if "Item" in found else 0

    def add(self, user_id: str, now: datetime) -> None:
        """Count once more."""
        self._client.update_item(
            TableName=self._table,
            Key=self._key(user_id, now),
            UpdateExpression="ADD times :one SET expires = :later",
            ExpressionAttributeValues={":one": {"N": "1"}, ":later": _seconds(now + 2 * _A_DAY)},
        )

    @staticmethod
    def _key(user_id: str, now: datetime) -> "dict[str, AttributeValueTypeDef]":
        return {"kind": {"S": _ATTACHED}, "subject": {"S": f"{now.date()}#{user_id}"}}


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
