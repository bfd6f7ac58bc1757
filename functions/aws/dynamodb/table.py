"""A table of the stack, for one account."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(frozen=True, slots=True)
class Table:
    """The table, and the number of the account that its items are about; every write includes the number."""

    client: "DynamoDBClient"
    name: str
    account: str

    @property
    def account_value(self) -> "AttributeValueTypeDef":
        """Return the value of the attribute `account`."""
        return {"S": self.account}
