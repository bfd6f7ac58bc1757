"""Run by the Python of SAM CLI: reads calls of `sam` with the CLI's own parser, and carries none out.

It takes a call a line, as a JSON list of words, and answers each with a line: the call's parameters, or what is wrong.
A list that ends with null is the name of a command, and perhaps more words; the answer is what is left of it.
"""

import json
import sys
from collections.abc import Sequence

import click
from samcli.cli.main import cli  # type: ignore[import-not-found]  # in an environment of its own

_PARAMETERS = ("stack_name", "resource_id", "name", "event", "event_file", "parameter", "parameter_overrides")


def parameters_of(words: Sequence[str]) -> dict[str, object]:
    """Return the parameters of a call; raises ClickException for what the CLI would refuse."""
    command, context, rest = _command(words)
    if isinstance(command, click.Group):
        message = f"{command.name} needs a command"
        raise click.UsageError(message)
    context = command.make_context(command.name, rest, parent=context)
    if context.args:
        message = f"What is {context.args}?"
        raise click.UsageError(message)
    given = {name: context.params.get(name) for name in _PARAMETERS}
    return {"command": context.command_path, **given, "event_file": getattr(given["event_file"], "name", None)}


def rest_of(words: Sequence[str]) -> dict[str, object]:
    """Return what is left of a command without its name; raises ClickException if there is no such command."""
    return {"rest": _command(words)[2]}


def _command(words: Sequence[str]) -> tuple[click.Command, click.Context, list[str]]:
    """Return the command, the context of its group, and the words after its name."""
    context = cli.make_context("sam", list(words))
    command, rest = cli, [*context.protected_args, *context.args]
    while rest and isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        if isinstance(command, click.Group):
            context = command.make_context(name, rest, parent=context)
            rest = [*context.protected_args, *context.args]
    return command, context, rest


def main() -> None:
    """Answer one call after the other."""
    for line in sys.stdin:
        answer: dict[str, object]
        try:
            words = json.loads(line)
            answer = parameters_of(words) if None not in words else rest_of(words[:-1])
        except click.ClickException as fault:
            answer = {"fault": fault.format_message()}
        except click.exceptions.Exit:
            answer = {"fault": "It only prints a help text."}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
