"""The template as CloudFormation would render it: conditions decided, parameters filled in, resources left by name."""

import re
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from samtranslator.translator.transform import transform  # type: ignore[import-untyped]  # ships no types
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

TEMPLATE = Path(__file__).parent.parent / "template.yaml"

# The text between "${" and "}"; a "!" in front of it keeps the text as it is ("Fn::Sub", CloudFormation User Guide).
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = object()

type Function = Callable[[Any], Any]


@cache
def _source() -> dict[str, Any]:
    source: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return source


@cache
def _transformed() -> dict[str, Any]:
    """Return the template as the transform of SAM makes it; raises InvalidDocumentException."""
    packaged: dict[str, Any] = yaml_parse(TEMPLATE.read_text())  # another one: the transform changes what it is given
    packaged["Globals"]["Function"]["CodeUri"] = "s3://artifacts/package"  # as `sam deploy` sets it
    plain: dict[str, Any] = transform(packaged, {}, Mock())
    return plain


class Template:
    """One rendering of template.yaml, for the given parameters (the others have their defaults) and partition.

    A reference to a resource becomes its name in `${}`, an attribute of it `${Name.Attribute}`.
    """

    def __init__(self, *, partition: str = "aws", account: str = "111122223333", **parameters: str) -> None:
        self.source = _source()
        if unknown := parameters.keys() - self.source["Parameters"].keys():
            message = f"no parameters of the template: {', '.join(sorted(unknown))}"
            raise ValueError(message)
        self._names: dict[str, object] = {
            **{name: about.get("Default", "") for name, about in self.source["Parameters"].items()},
            **parameters,
            "AWS::Partition": partition,
            "AWS::AccountId": account,
            "AWS::Region": "us-east-1",
            "AWS::StackName": "mfa-enforcer",
            "AWS::NoValue": _NO_VALUE,
        }

    @cached_property
    def resources(self) -> dict[str, Any]:
        """Return the rendered resources whose condition holds, by logical name."""
        return self._rendered(self.source)

    @cached_property
    def transformed(self) -> dict[str, Any]:
        """Return the same after the transform of SAM: what CloudFormation creates."""
        return self._rendered(_transformed())

    def _rendered(self, template: dict[str, Any]) -> dict[str, Any]:
        return {
            name: self.render(resource)
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def holds(self, condition: str) -> bool:
        """Return whether a condition of the template is met."""
        return bool(self.render(self.source["Conditions"][condition]))

    def render(self, node: Any) -> Any:  # noqa: ANN401  # a template's nodes are JSON of any shape
        """Resolve the functions in a part of the template; raise NotImplementedError for one not known here."""
        match node:
            case {"Ref": str(name), **rest} if not rest:
                return self._names.get(name, f"${{{name}}}")
            case {"Condition": str(name), **rest} if not rest:
                return self.holds(name)
            case dict() if len(node) == 1 and (function := next(iter(node))).startswith("Fn::"):
                return self._call(function, node[function])
            case dict():
                rendered = {key: self.render(value) for key, value in node.items()}
                return {key: value for key, value in rendered.items() if value is not _NO_VALUE}
            case list():
                return [value for value in map(self.render, node) if value is not _NO_VALUE]
        return node

    def _call(self, function: str, argument: Any) -> Any:  # noqa: ANN401
        functions: dict[str, Function] = {
            "Fn::If": lambda choice: self.render(choice[1 if self.holds(choice[0]) else 2]),
            "Fn::Equals": lambda pair: self.render(pair[0]) == self.render(pair[1]),
            "Fn::Not": lambda operand: not self.render(operand[0]),
            "Fn::And": lambda operands: all(map(self.render, operands)),
            "Fn::Or": lambda operands: any(map(self.render, operands)),
            "Fn::GetAtt": lambda path: f"${{{'.'.join(path)}}}",
            "Fn::Sub": lambda text: _PLACEHOLDER.sub(self._substitute, text),
        }
        if function not in functions:
            message = f"{function} of {argument!r}"
            raise NotImplementedError(message)
        return functions[function](argument)

    def _substitute(self, placeholder: re.Match[str]) -> str:
        literal, name = placeholder.groups()
        return f"${{{name}}}" if literal else str(self._names.get(name, placeholder[0]))
