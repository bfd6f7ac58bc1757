"""The table that remembers people from run to run: one item per user id, and one for the last run."""

from typing import TYPE_CHECKING

from aws.people_items import LAST_RUN, WRITTEN, history_item, last_run_item, read_history, read_last_run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from aws.people_items import Item
    from domain.people import Change, History
    from domain.totals import RunTotals


class PeopleTable:
    """Reads everybody in pages, and writes only what changed."""

    PERMISSIONS = ("dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:PutItem")

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self) -> "tuple[dict[str, History], RunTotals | None]":
        """Return everybody by user id, and the last run: a call for each megabyte, which holds thousands of people."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True)
        items = {item["user_id"]["S"]: item for page in pages for item in page["Items"]}
        last = items.pop(LAST_RUN, None)
        return {key: read_history(item) for key, item in items.items()}, read_last_run(last) if last else None

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

    def keep(self, totals: "RunTotals") -> None:
        """Remember a run that is done, for the next one to compare with."""
        self._client.put_item(TableName=self._name, Item=last_run_item(totals))


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
