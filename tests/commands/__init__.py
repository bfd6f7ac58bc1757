"""The commands that people are given, read by a shell and by the programs' own parsers; none is carried out."""

import re
from collections.abc import Sequence

from tests.commands import aws_cli, make, sam_cli
from tests.commands.aws_cli import request_of
from tests.commands.refusal import NoCommand
from tests.commands.shell import calls_in
from tests.template import Template

__all__ = ["NoCommand", "calls_in", "check", "check_all", "request_of", "rest_of_name"]

_PROGRAMS = {"aws": aws_cli.check_call, "sam": sam_cli.check_call, "make": make.check_call}
_OUTPUT = re.compile(r"OutputKey=='([^']*)'")


def check(call: Sequence[str]) -> None:
    """Raise NoCommand unless a call is one that its program takes, and does what its reader expects."""
    _PROGRAMS[call[0]](call)
    if call[:3] == ["aws", "logs", "filter-log-events"]:
        _check_search(call)
    if call[:2] == ["aws", "cloudformation"]:
        _check_names(call)


def check_all(script: str) -> list[list[str]]:
    """Check every call of a script, and return them; raises NoCommand."""
    calls = calls_in(script)
    for call in calls:
        check(call)
    return calls


def _check_search(call: Sequence[str]) -> None:
    """Refuse a search that begins with what is months old: the oldest come first ("FilterLogEvents")."""
    _, parameters = request_of(call)
    if "startTime" not in parameters and parameters.get("startFromHead") is not False:
        raise NoCommand(call, "shows the oldest lines of the log")


def _check_names(call: Sequence[str]) -> None:
    source = Template().source
    operation, parameters = request_of(call)
    asked = set(_OUTPUT.findall(" ".join(call))) - source["Outputs"].keys()
    skipped = parameters.get("ResourcesToSkip", []) if operation == "ContinueUpdateRollback" else []
    if unknown := asked | {name for name in skipped if name not in source["Resources"]}:
        raise NoCommand(call, f"the template has no {', '.join(sorted(unknown))}")


def rest_of_name(words: str) -> list[str] | None:
    """Return what is left of words without the name of a command at their beginning; None if there is none."""
    program, *rest = words.split()
    if program == "make":
        return rest[1:] if rest and rest[0] in make.TARGETS else None
    return aws_cli.rest_of_name(rest) if program == "aws" else sam_cli.rest_of_name(rest)
