"""The table that remembers people from run to run: one item per user id, and one per run."""

from typing import TYPE_CHECKING

from aws.people_items import RUN, WRITTEN, history_item, read_history, read_run, run_item

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from aws.people_items import Item
    from domain.people import Change, History
    from domain.totals import RunTotals


class RememberedPeople:
    """Reads everybody in pages."""

    PERMISSIONS: tuple[str, ...] = ("dynamodb:Scan",)

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self) -> "tuple[dict[str, History], tuple[RunTotals, ...]]":
        """Return everybody by user id, and all runs in their order: a call for each megabyte, thousands of people."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True)
        items = {item["user_id"]["S"]: item for page in pages for item in page["Items"]}
        runs = [read_run(item) for key, item in items.items() if key.startswith(RUN)]
        people = {key: read_history(item) for key, item in items.items() if not key.startswith(RUN)}
        return people, tuple(sorted(runs, key=lambda run: run.at))


class PeopleTable(RememberedPeople):
    """Reads everybody, and writes only what changed."""

    PERMISSIONS = (*RememberedPeople.PERMISSIONS, "dynamodb:UpdateItem", "dynamodb:PutItem")

    def follow(self, change: "Change") -> bool:
        """Write what changed; return False where another run was first, whose word then stands."""
        before, after = history_item(change.before), history_item(change.after)
        expression, names, values = _update(before, after)
        unchanged = "attribute_not_exists(#since)"
        if "unenrolled_since" in before:
            unchanged, values[":before"] = "#since = :before", before["unenrolled_since"]
        try:
            self._client.update_item(
                TableName=self._name,
                Key={"user_id": {"S": change.after.user_id}},
                UpdateExpression=expression,
                ConditionExpression=unchanged,
                ExpressionAttributeNames={**names, "#since": "unenrolled_since"},
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def keep(self, totals: "RunTotals", expires: "datetime") -> None:
        """Remember a run until then: the next one compares with it, the trend shows it."""
        self._client.put_item(TableName=self._name, Item=run_item(totals, expires))


def _update(before: "Item", after: "Item") -> "tuple[str, dict[str, str], Item]":
    """Return the update expression, its names and its values, that lead from one item to the other.

    The name is always written: an item that is new would else have none.
    """
    touched = [name for name in WRITTEN if name == "user_name" or before.get(name) != after.get(name)]
    setting = ", ".join(f"#{name} = :{name}" for name in touched if name in after)
    removing = ", ".join(f"#{name}" for name in touched if name not in after)
    names = {f"#{name}": name for name in touched}
    values = {f":{name}": after[name] for name in touched if name in after}
    return f"SET {setting}" + (f" REMOVE {removing}" if removing else ""), names, values
