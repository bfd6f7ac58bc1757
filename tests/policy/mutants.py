"""All ways to weaken or break one part of the policy: the truth table must detect each of them."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from local.referee import Policy

# Statement elements with one value or a list of values.
LISTS = ("Action", "NotAction", "Resource", "NotResource")


@dataclass(frozen=True)
class Mutant:
    """One change to one statement; a policy without that part stays as it is."""

    statement: str
    change: str
    part: str
    apply: Callable[[dict[str, Any]], dict[str, Any] | None]

    def of(self, policy: Policy) -> Policy:
        """Return the changed policy."""
        statements = [self._changed(statement) for statement in policy["Statement"]]
        return {**policy, "Statement": [statement for statement in statements if statement is not None]}

    def _changed(self, statement: dict[str, Any]) -> dict[str, Any] | None:
        return self.apply(deepcopy(statement)) if statement["Sid"] == self.statement else statement

    def __str__(self) -> str:
        return f"{self.statement}: {self.change} {self.part}"


def mutants_of(policy: Policy) -> Iterator[Mutant]:
    """Yield the removal of each statement, of each of several actions and resources, of each condition and IfExists."""
    for statement in policy["Statement"]:
        sid = statement["Sid"]
        yield Mutant(sid, "without", "the statement", lambda _: None)
        for element in LISTS:
            values = statement.get(element)
            for value in values if isinstance(values, list) else ():
                yield Mutant(sid, f"without {element}", value, _without(element, value))
        yield from _conditions_changed(sid, statement.get("Condition", {}))


def _conditions_changed(sid: str, conditions: dict[str, dict[str, str]]) -> Iterator[Mutant]:
    for operator, keys in conditions.items():
        for key in keys:
            yield Mutant(sid, f"without {operator}", key, _without_condition(operator, key))
            if operator == "BoolIfExists":
                yield Mutant(sid, "Bool instead of BoolIfExists", key, _without_if_exists(key))


def _without(element: str, value: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def apply(statement: dict[str, Any]) -> dict[str, Any]:
        return {**statement, element: [kept for kept in statement[element] if kept != value]}

    return apply


def _without_condition(operator: str, key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def apply(statement: dict[str, Any]) -> dict[str, Any]:
        conditions = statement["Condition"]
        conditions.get(operator, {}).pop(key, None)
        return {**statement, "Condition": {operator: keys for operator, keys in conditions.items() if keys}}

    return apply


def _without_if_exists(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def apply(statement: dict[str, Any]) -> dict[str, Any]:
        conditions = statement["Condition"]
        value = conditions.get("BoolIfExists", {}).pop(key, None)
        if value is not None:
            conditions.setdefault("Bool", {})[key] = value
        return {**statement, "Condition": {operator: keys for operator, keys in conditions.items() if keys}}

    return apply
