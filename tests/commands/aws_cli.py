"""Calls of the AWS CLI, read by the CLI's own parser and checked against the models of the services."""

import os
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import regex  # type: ignore[import-untyped]  # ships no types; the patterns of IAM have classes that `re` does not know
from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]  # ships no types

from tests.commands.refusal import NoCommand

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}

# Commands of version 2 of the CLI that the parser, which is that of version 1, does not have; with their options
# ("AWS CLI Command Reference").
ONLY_IN_VERSION_2: dict[tuple[str, ...], set[str]] = {
    ("login",): set(),
    ("sso", "login"): set(),
    ("configure", "list-profiles"): set(),
    ("configure", "mfa-login"): {"--profile", "--update-profile", "--duration-seconds", "--serial-number"},
}


class _Asked(Exception):
    """The CLI is about to send a request that is valid; nothing is sent."""


def check_call(call: Sequence[str]) -> None:
    """Raise NoCommand unless the CLI takes a call of `aws`, and the service its values."""
    if not _is_only_in_version_2(call):
        request_of(call)


def _is_only_in_version_2(call: Sequence[str]) -> bool:
    for words, options in ONLY_IN_VERSION_2.items():
        if tuple(call[1 : len(words) + 1]) == words:
            unknown = {word for word in call if word.startswith("--")} - options
            if unknown:
                raise NoCommand(call, f"there is no {', '.join(sorted(unknown))}")
            return True
    return False


def request_of(call: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the operation that a call of `aws` leads to, and its parameters; raise NoCommand if there is none."""
    model, parameters = _asked(call)
    faults = list(_faults(parameters, model.input_shape)) if model.input_shape else []
    if faults:
        raise NoCommand(call, "; ".join(faults))
    return model.name, parameters


def rest_of_name(words: Sequence[str]) -> list[str] | None:
    """Return what is left of words without the name of a command at their beginning; None if there is none."""
    for name in ONLY_IN_VERSION_2:
        if tuple(words[: len(name)]) == name:
            return list(words[len(name) :])
    (driver, _), rest = _cli(), list(words)
    help_of = driver.create_help_command()
    while rest and getattr(help_of, "command_table", None):
        command = help_of.command_table.get(rest[0])
        if command is None:
            return None
        help_of, rest = command.create_help_command(), rest[1:]
    return rest


def _asked(call: Sequence[str]) -> "tuple[OperationModel, dict[str, Any]]":
    driver, asked = _cli()
    asked.clear()
    with (
        patch.dict(os.environ, _CREDENTIALS),
        redirect_stderr(StringIO()) as complaint,
        redirect_stdout(StringIO()),
        suppress(SystemExit, _Asked),
    ):
        driver.main(list(call[1:]))
    if not asked:
        raise NoCommand(call, complaint.getvalue().strip())
    return asked[0]


@cache
def _cli() -> "tuple[Any, list[tuple[OperationModel, dict[str, Any]]]]":
    """Return the CLI, and the list of what it was about to ask; making one takes longest."""
    driver, asked = create_clidriver(), []
    given: dict[str, Any] = {}

    def remember(params: dict[str, Any], **_: object) -> None:
        given.clear()
        given.update(params)

    def end(model: "OperationModel", **_: object) -> None:
        asked.append((model, dict(given)))
        raise _Asked

    driver.session.register("provide-client-params", remember)
    # After botocore has validated the parameters, and before anything is sent.
    driver.session.register("before-call", end)
    return driver, asked


def _faults(value: Any, shape: "Shape") -> Iterator[str]:  # noqa: ANN401  # as AWS has it
    """Yield what the model says of a value and botocore does not check."""
    match shape.type_name:
        case "structure":
            for name, member in value.items():
                yield from _faults(member, shape.members[name])  # type: ignore[attr-defined]  # a structure has them
        case "list":
            for member in value:
                yield from _faults(member, shape.member)  # type: ignore[attr-defined]  # a list has it
        case "string":
            yield from _faults_of_text(value, shape.name, shape.metadata)


def _faults_of_text(value: str, name: str, metadata: dict[str, Any]) -> Iterator[str]:
    if "pattern" in metadata and not regex.fullmatch(metadata["pattern"], value):
        yield f"{value!r} is no {name}: {metadata['pattern']}"
    if metadata.get("enum") and value not in metadata["enum"]:
        yield f"{value!r} is none of {metadata['enum']}"
    if len(value) > metadata.get("max", len(value)):
        yield f"{value!r} is longer than {metadata['max']}"
