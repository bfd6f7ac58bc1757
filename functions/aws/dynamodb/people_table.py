"""The people table, which is kept from run to run: one item per user id, and one per run."""

from contextlib import suppress
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

from aws.dynamodb.people_items import RUN, WRITTEN, read_record, read_run, record_item, run_item
from aws.dynamodb.update_expression import Update

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from aws.dynamodb.people_items import Item
    from aws.dynamodb.table import Table
    from domain.enrolment.record import PersonRecord, RecordChange
    from domain.enrolment.totals import RunTotals


# The errors of reading an item that something else has written.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)

# "BatchGetItem" in the Amazon DynamoDB API Reference: 100 items at once, of which some may be left unprocessed.
_BATCH = 100
_TRIES = 3


class Remembered(NamedTuple):
    """All people by user id, all runs in order, and the keys of items that cannot be read."""

    people: "dict[str, PersonRecord]"
    runs: "tuple[RunTotals, ...]"
    unreadable: tuple[str, ...] = ()


class RememberedPeople:
    """Reads the whole table in pages."""

    PERMISSIONS: tuple[str, ...] = ("dynamodb:Scan",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def read(self) -> Remembered:
        """Return all items: a call for each megabyte, or thousands of people. An unreadable item affects no other."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table.name, ConsistentRead=True)
        people: dict[str, PersonRecord] = {}
        runs: list[RunTotals] = []
        unreadable: list[str] = []
        for key, item in ((item["user_id"]["S"], item) for page in pages for item in page["Items"]):
            try:
                if key.startswith(RUN):
                    runs.append(read_run(item))
                else:
                    people[key] = read_record(item)
            except _UNREADABLE:
                unreadable.append(key)
        return Remembered(people, tuple(sorted(runs, key=lambda run: run.at)), tuple(unreadable))


class NamedPeople:
    """Reads the records of some users."""

    PERMISSIONS = ("dynamodb:BatchGetItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def named(self, user_ids: "Iterable[str]") -> "dict[str, PersonRecord]":
        """Return the records by user id, 100 users a call. Records that cannot be read are left out."""
        records: dict[str, PersonRecord] = {}
        for batch in batched(user_ids, _BATCH, strict=False):
            keys: list[Item] = [{"user_id": {"S": user_id}} for user_id in batch]
            for _ in range(_TRIES):
                answer = self._client.batch_get_item(
                    RequestItems={self._table.name: {"Keys": keys, "ConsistentRead": True}}
                )
                for item in answer["Responses"].get(self._table.name, []):
                    with suppress(*_UNREADABLE):
                        records[item["user_id"]["S"]] = read_record(item)
                keys = [dict(key) for key in answer["UnprocessedKeys"].get(self._table.name, {"Keys": []})["Keys"]]
                if not keys:
                    break
        return records


class ClosedPeople:
    """Remembers which users the tool has closed."""

    PERMISSIONS = ("dynamodb:UpdateItem",)

    def __init__(self, table: "Table") -> None:
        self._client = table.client
        self._table = table

    def record(self, user_id: str, on: "date") -> None:
        """Remember the day on which a user was closed; a second call changes nothing."""
        update = Update().set_if_missing("closed_on", {"S": on.isoformat()})
        update.set("account", self._table.account_value)
        self._client.update_item(TableName=self._table.name, Key={"user_id": {"S": user_id}}, **update.arguments)


class PeopleTable(RememberedPeople):
    """Reads the whole table, and writes only what changed."""

    PERMISSIONS = (*RememberedPeople.PERMISSIONS, "dynamodb:UpdateItem", "dynamodb:PutItem")

    def follow(self, change: "RecordChange") -> bool:
        """Write what changed; return False if another run was first, whose values then stay."""
        before = record_item(change.before)
        update = _update(change).set("account", self._table.account_value)
        unchanged = "attribute_not_exists(unenrolled_since)"
        if "unenrolled_since" in before:
            unchanged = f"unenrolled_since = {update.value('before', before['unenrolled_since'])}"
        try:
            self._client.update_item(
                TableName=self._table.name,
                Key={"user_id": {"S": change.after.user_id}},
                ConditionExpression=unchanged,
                **update.arguments,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def keep(self, totals: "RunTotals", expires: "datetime") -> None:
        """Keep the totals of a run until then: the next run compares with them, and the trend shows them."""
        self._client.put_item(
            TableName=self._table.name, Item={**run_item(totals, expires), "account": self._table.account_value}
        )


def _update(change: "RecordChange") -> Update:
    """Return the update from one record to the other.

    The name is always written, so that a new item has one.
    """
    before, after = record_item(change.before), record_item(change.after)
    update = Update()
    for name in (name for name in WRITTEN if name == "user_name" or before.get(name) != after.get(name)):
        update = update.set(name, after[name]) if name in after else update.remove(name)
    forgotten = sorted(change.before.causes - change.after.causes)
    return update.take_from("causes", {"SS": forgotten}) if forgotten else update
