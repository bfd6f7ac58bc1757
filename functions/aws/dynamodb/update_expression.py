"""A builder for the update of one item ("Update expressions" in the Amazon DynamoDB Developer Guide)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(slots=True)
class Update:
    """The changes. Each attribute has a placeholder with its name, because any name may be a reserved word."""

    _clauses: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _values: "dict[str, AttributeValueTypeDef]" = field(default_factory=dict)

    def set(self, name: str, value: "AttributeValueTypeDef") -> "Update":
        """Set an attribute."""
        return self._with("SET", f"#{name} = {self.value(name, value)}", name)

    def set_if_missing(self, name: str, value: "AttributeValueTypeDef") -> "Update":
        """Set an attribute if it is missing."""
        return self._with("SET", f"#{name} = if_not_exists(#{name}, {self.value(name, value)})", name)

    def remove(self, *names: str) -> "Update":
        """Remove attributes if they exist."""
        for name in names:
            self._with("REMOVE", f"#{name}", name)
        return self

    def put_into(self, name: str, members: "AttributeValueTypeDef") -> "Update":
        """Add members to a set."""
        return self._with("ADD", f"#{name} {self.value(name, members)}", name)

    def take_from(self, name: str, members: "AttributeValueTypeDef") -> "Update":
        """Remove members from a set."""
        return self._with("DELETE", f"#{name} {self.value(name, members)}", name)

    def value(self, name: str, value: "AttributeValueTypeDef") -> str:
        """Return the placeholder of a value, also for use in a condition."""
        self._values[f":{name}"] = value
        return f":{name}"

    def __bool__(self) -> bool:
        """Return whether there is anything to change."""
        return bool(self._clauses)

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments for UpdateItem; DynamoDB refuses an empty map of values."""
        return {
            "UpdateExpression": " ".join(f"{clause} {', '.join(parts)}" for clause, parts in self._clauses.items()),
            "ExpressionAttributeNames": self._names,
            **({"ExpressionAttributeValues": self._values} if self._values else {}),
        }

    def _with(self, clause: str, part: str, name: str) -> "Update":
        self._clauses.setdefault(clause, []).append(part)
        self._names[f"#{name}"] = name
        return self
