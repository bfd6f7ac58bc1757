"""Reads the parameters that `sam deploy` takes from samconfig.toml at each deployment."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.doctor.facts import Unreadable

# The longer of the two forms that SAM takes ("sam deploy" in the AWS SAM Developer Guide); the other is NAME=VALUE.
_LONG = re.compile(r"ParameterKey=([^,]+),ParameterValue=(.*)", re.DOTALL)


def samconfig_parameters(samconfig: Path) -> Mapping[str, str] | Unreadable:
    """Return the parameters that a plain `sam deploy` takes from the file; none if there is no file."""
    if not samconfig.is_file():
        return {}
    try:
        environment = tomllib.loads(samconfig.read_text(encoding="utf-8")).get("default", {})
        parameters = {**_section(environment, "global"), **_section(environment, "deploy")}
        return dict(_pairs(parameters.get("parameter_overrides", ())))
    except (OSError, ValueError, AttributeError) as error:
        return Unreadable("", f"{samconfig.name}: {error}")


def _section(environment: Mapping[str, Any], command: str) -> Mapping[str, Any]:
    parameters: Mapping[str, Any] = environment.get(command, {}).get("parameters", {})
    return parameters


def _pairs(overrides: object) -> Iterator[tuple[str, str]]:
    """Yield names and values; SAM takes a text, a table, and a list of both. Raises ValueError for anything else."""
    if isinstance(overrides, Mapping):
        yield from ((str(name), _text(value)) for name, value in overrides.items())
    elif isinstance(overrides, str):
        yield from map(_pair, shlex.split(overrides))
    elif isinstance(overrides, list | tuple):
        for each in overrides:
            yield from _pairs(each)
    else:
        message = f"parameter_overrides is neither a text nor a list nor a table: {overrides!r}"
        raise ValueError(message)  # noqa: TRY004  # the value comes from the file, not from a caller


def _pair(word: str) -> tuple[str, str]:
    long = _LONG.fullmatch(word)
    if long:
        return long[1], long[2]
    name, equals, value = word.partition("=")
    if not equals:
        message = f"parameter_overrides has {word!r}, which is not NAME=VALUE"
        raise ValueError(message)
    return name, value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
