"""The page of parameters, made from the template: `python -m tests.infrastructure.parameters` writes it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.template import TEMPLATE, Template

PAGE = TEMPLATE.parent / "docs" / "parameters.md"

_INTRODUCTION = """\
# Parameters

Made from `template.yaml`; change them there. All have a default. `sam deploy --parameter-overrides NAME=VALUE` sets
one. The stack keeps it until a deployment names it again.
"""


def page() -> str:
    """Return the page: a table for each group of the template."""
    source = Template().source
    groups = source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    return "\n".join([_INTRODUCTION, *(line for group in groups for line in _table(group, source["Parameters"]))])


def _table(group: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {group['Label']['default']}\n"
    yield "| parameter | default | takes | what it is for |"
    yield "|---|---|---|---|"
    for name in group["Parameters"]:
        about = parameters[name]
        yield f"| `{name}` | {_default(about)} | {_taken(about)} | {_cell(about['Description'])} |"
    yield ""


def _default(about: Mapping[str, Any]) -> str:
    return f"`{about['Default']}`" if str(about["Default"]) else "empty"


def _taken(about: Mapping[str, Any]) -> str:
    if "AllowedValues" in about:
        return ", ".join(f"`{value}`" for value in about["AllowedValues"])
    if "ConstraintDescription" in about:
        return _cell(about["ConstraintDescription"].removeprefix("must be "))
    return f"{about['MinValue']} to {about['MaxValue']}"


def _cell(text: str) -> str:
    return text.strip().replace("|", r"\|")


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page())


if __name__ == "__main__":
    main()
