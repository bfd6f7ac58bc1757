"""An update of one item of a table, as it grows ("Update expressions" in the Amazon DynamoDB Developer Guide)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(slots=True)
class Update:
    """What is to change. Each attribute has a placeholder of its name, for any may be a reserved word."""

    _clauses: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _values: "dict[str, AttributeValueTypeDef]" = field(default_factory=dict)

    def set(self, name: str, value: "AttributeValueTypeDef") -> "Update":
        """Set an attribute."""
        return self._with("SET", f"#{name} = {self.value(name, value)}", name)

    def set_if_missing(self, name: str, value: "AttributeValueTypeDef") -> "Update":
        """Set an attribute that is not there."""
        return self._with("SET", f"#{name} = if_not_exists(#{name}, {self.value(name, value)})", name)

    def remove(self, *names: str) -> "Update":
        """Remove attributes, where they are there."""
        for name in names:
            self._with("REMOVE", f"#{name}", name)
        return self

    def put_into(self, name: str, members: "AttributeValueTypeDef") -> "Update":
        """Add members to a set."""
        return self._with("ADD", f"#{name} {self.value(name, members)}", name)

    def take_from(self, name: str, members: "AttributeValueTypeDef") -> "Update":
        """Take members out of a set."""
        return self._with("DELETE", f"#{name} {self.value(name, members)}", name)

    def value(self, name: str, value: "AttributeValueTypeDef") -> str:
        """Return the placeholder of a value, for a condition too."""
        self._values[f":{name}"] = value
        return f":{name}"

    def __bool__(self) -> bool:
        """Tell whether anything is to change."""
        return bool(self._clauses)

    @property
    def arguments(self) -> dict[str, Any]:
        """Return what UpdateItem takes of it; DynamoDB refuses an empty map of values."""
        return {
            "UpdateExpression": " ".join(f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items()),
            "ExpressionAttributeNames": self._names,
            **({"ExpressionAttributeValues": self._values} if self._values else {}),
        }

    def _with(self, clause: str, part: str, name: str) -> "Update":
        self._clauses.setdefault(clause, []).append(part)
        self._names[f"#{name}"] = name
        return self
