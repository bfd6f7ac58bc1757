"""The enforcement table: flags on users and notices, most of which expire after an hour or a day.

An item is a flag of a kind on a subject. DynamoDB deletes expired items only within some days ("Using time to live"),
so every read checks `expires`, which is in seconds since 1970.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import batched, chain
from typing import TYPE_CHECKING
from uuid import uuid4

from domain.enforcement.decision import Flags

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestTypeDef

    from aws.dynamodb.table import Table

    Item = dict[str, AttributeValueTypeDef]

_DELETION_PENDING, _ENFORCED, _NAME_DETACHED, _EXEMPT, _PUBLISHED = "leaving", "held", "freed", "exempt", "told"
_A_DAY = timedelta(days=1)
# "BatchWriteItem" in the Amazon DynamoDB API Reference: 25 writes at once.
_BATCH = 25


class UserFlags:
    """Reads the flags of one user."""

    PERMISSIONS = ("dynamodb:GetItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def read(self, user_id: str, now: datetime) -> Flags:
        """Return the flags of one user: two calls."""
        deletion_pending, enforced = (
            frozenset({user_id} if self._find(kind, user_id, now) else ()) for kind in (_DELETION_PENDING, _ENFORCED)
        )
        return Flags(deletion_pending=deletion_pending, previously_enforced=enforced)

    def name_was_detached(self, user_name: str, before: datetime) -> bool:
        """Return whether the policy was detached from a user of this name who was gone when the event arrived."""
        item = self._find(_NAME_DETACHED, user_name, before)
        return item is not None and datetime.fromisoformat(item["at"]["S"]) <= before

    def published_exemption(self, user_id: str) -> str | None:
        """Return the summary of the exemption that was last published to ops."""
        item = _get(self._table, _key(_EXEMPT, user_id))
        return item["exemption"]["S"] if item else None

    def _find(self, kind: str, subject: str, now: datetime) -> "Item | None":
        item = _get(self._table, _key(kind, subject))
        return item if item and not _has_expired(item, now) else None


class AccountFlags:
    """Reads the flags of all users."""

    PERMISSIONS = ("dynamodb:Query",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def read(self, now: datetime) -> Flags:
        """Return the flags of all users: two calls for thousands of users."""
        deletion_pending, enforced = (
            frozenset(item["subject"]["S"] for item in self._items(kind) if not _has_expired(item, now))
            for kind in (_DELETION_PENDING, _ENFORCED)
        )
        return Flags(deletion_pending=deletion_pending, previously_enforced=enforced)

    def published_exemptions(self) -> dict[str, str]:
        """Return the summary of each exemption that was published to ops, by user id."""
        return {item["subject"]["S"]: item["exemption"]["S"] for item in self._items(_EXEMPT)}

    def _items(self, kind: str) -> "Iterable[Item]":
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table.name,
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
            ConsistentRead=True,
        )
        return chain.from_iterable(page["Items"] for page in pages)


class UserFlagWriter:
    """Flags one user at a time."""

    PERMISSIONS = ("dynamodb:PutItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def flag_deletion_pending(self, user_id: str, until: datetime) -> None:
        """Keep the functions from attaching the policy again until then."""
        self._put({**_key(_DELETION_PENDING, user_id), "expires": _seconds(until)})

    def flag_previously_enforced(self, user_id: str, until: datetime | None = None) -> None:
        """Remember that the policy was attached, permanently or until then; a permanent flag stays permanent."""
        item = _key(_ENFORCED, user_id)
        if until is None:
            self._put(item)
            return
        is_permanent = "attribute_exists(subject) AND attribute_not_exists(expires)"
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(
                TableName=self._table.name,
                Item={**item, "expires": _seconds(until), "account": self._table.account_value},
                ConditionExpression=f"NOT ({is_permanent})",
            )

    def flag_name_detached(self, user_name: str, at: datetime) -> None:
        """Remember a detachment from a name that no user has now: the user may have been renamed."""
        self._put({**_key(_NAME_DETACHED, user_name), "at": {"S": at.isoformat()}, "expires": _seconds(at + _A_DAY)})

    def record_exemption(self, user_id: str, exemption: str) -> None:
        """Remember that an exemption was published to ops, by its summary."""
        self._put(_exempt_item(user_id, exemption))

    def _put(self, item: "Mapping[str, AttributeValueTypeDef]") -> None:
        self._client.put_item(TableName=self._table.name, Item={**item, "account": self._table.account_value})


class AccountFlagWriter:
    """Flags many users at once: 25 in a call. A write that DynamoDB throttles is left to the next sweep."""

    PERMISSIONS = ("dynamodb:BatchWriteItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def flag_previously_enforced(self, user_ids: Iterable[str]) -> None:
        """Remember permanently that the policy was attached to these users."""
        self._write({"PutRequest": {"Item": self._with_account(_key(_ENFORCED, user_id))}} for user_id in user_ids)

    def record_exemptions(self, published: Mapping[str, str], over: Iterable[str]) -> None:
        """Remember which exemptions were published to ops, by user id, and forget those that are over."""
        new: Iterable[WriteRequestTypeDef] = (
            {"PutRequest": {"Item": self._with_account(_exempt_item(user_id, summary))}}
            for user_id, summary in published.items()
        )
        self._write(chain(new, ({"DeleteRequest": {"Key": _key(_EXEMPT, user_id)}} for user_id in over)))

    def _with_account(self, item: "Item") -> "Item":
        return {**item, "account": self._table.account_value}

    def _write(self, requests: "Iterable[WriteRequestTypeDef]") -> None:
        for batch in batched(requests, _BATCH, strict=False):
            self._client.batch_write_item(RequestItems={self._table.name: batch})


class _Counts:
    """Counts by user and period."""

    PERMISSIONS = ("dynamodb:GetItem", "dynamodb:UpdateItem")
    _kind: str
    _period: str  # as strftime writes it
    _kept: timedelta

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def so_far(self, user_id: str, now: datetime) -> int:
        """Return the number in this period."""
        item = _get(self._table, self._key(user_id, now))
        return int(item["times"]["N"]) if item else 0

    def add(self, user_id: str, now: datetime) -> None:
        """Add one, even if botocore repeats the write because its response was lost."""
        token = uuid4().hex
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table.name,
                Key=self._key(user_id, now),
                UpdateExpression="ADD times :one, tokens :tokens SET expires = :later, #account = :account",
                ExpressionAttributeNames={"#account": "account"},
                ConditionExpression="NOT contains(tokens, :token)",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":tokens": {"SS": [token]},
                    ":token": {"S": token},
                    ":later": _seconds(now + self._kept),
                    ":account": self._table.account_value,
                },
            )

    def _key(self, user_id: str, now: datetime) -> "Item":
        return _key(self._kind, f"{now.strftime(self._period)}#{user_id}")


class AttachmentCounts(_Counts):
    """Counts how often a day the policy is attached to a user again."""

    _kind, _period, _kept = "attached", "%Y-%m-%d", 2 * _A_DAY


class DeletionCounts(_Counts):
    """Counts how often a week the policy is detached from a user for a deletion."""

    _kind, _period, _kept = "gave-way", "%G-W%V", 8 * _A_DAY


class NoticeThrottle:
    """Remembers published notices for a day."""

    PERMISSIONS = ("dynamodb:GetItem", "dynamodb:PutItem")

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def was_published(self, kind: str, subject: str, now: datetime) -> bool:
        """Return whether a notice about this was published within the last 24 hours."""
        item = _get(self._table, _key(_PUBLISHED, f"{kind}#{subject}"))
        return item is not None and not _has_expired(item, now)

    def record(self, kind: str, subject: str, now: datetime) -> None:
        """Remember that a notice about this was published."""
        item = {**_key(_PUBLISHED, f"{kind}#{subject}"), "expires": _seconds(now + _A_DAY)}
        item["account"] = self._table.account_value
        self._client.put_item(TableName=self._table.name, Item=item)


def _get(table: "Table", key: "Item") -> "Item | None":
    return table.client.get_item(TableName=table.name, Key=key, ConsistentRead=True).get("Item")


def _key(kind: str, subject: str) -> "Item":
    return {"kind": {"S": kind}, "subject": {"S": subject}}


def _exempt_item(user_id: str, exemption: str) -> "Item":
    return {**_key(_EXEMPT, user_id), "exemption": {"S": exemption}}


def _has_expired(item: "Item", now: datetime) -> bool:
    return "expires" in item and int(item["expires"]["N"]) <= now.timestamp()


def _seconds(at: datetime) -> "AttributeValueTypeDef":
    return {"N": str(int(at.timestamp()))}
