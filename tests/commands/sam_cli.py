"""Calls of SAM CLI, read by the CLI's own parser and checked against the template."""

import atexit
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Any

from botocore.model import StructureShape
from botocore.session import get_session

from aws.cloudtrail import RecordedCall
from domain.api_call import Ignored
from enforce import event as enforce
from notify import message as notify
from release import event as release
from tests.commands.refusal import NoCommand
from tests.template import Template

ROOT = Path(__file__).parents[2]
_PYTHON = ROOT / ".venv-sam" / "bin" / "python"
_ACCOUNT = "111122223333"
# How long the client of `sam remote invoke` waits for an answer before it calls the function again, five times in all
# ("read_timeout" and "retries" of botocore's Config), and how long a function may take to start ("Understanding the
# Lambda execution environment lifecycle").
_SAM_WAITS_SECONDS, _START_SECONDS = 60, 10

# How the functions read the messages of a batch.
_READERS: dict[str, Callable[[str], object]] = {
    "EnforceFunction": lambda body: enforce.read_fact(RecordedCall.from_message(body), _ACCOUNT),
    "ReleaseFunction": lambda body: release.read_fact(body, _ACCOUNT),
    "NotifyFunction": lambda body: notify.read_message(body, _ACCOUNT),
}


def check_call(call: Sequence[str]) -> None:
    """Raise NoCommand unless SAM CLI takes a call of `sam`, and the template has what it names."""
    given = _answer(*call[1:])
    fault = given.get("fault") or next(filter(None, (check(given) for check in _CHECKS)), None)
    if fault:
        raise NoCommand(call, fault)


def rest_of_name(words: Sequence[str]) -> list[str] | None:
    """Return what is left of words without the name of a command at their beginning; None if there is none."""
    return _answer(*words, None).get("rest")


def _unknown_parameter(given: Mapping[str, Any]) -> str | None:
    parameters = Template().source["Parameters"]
    chosen = given["parameter_overrides"] or {}
    unknown = chosen.keys() - parameters.keys() - {"NAME"}
    wrong = [
        name
        for name, value in chosen.items()
        if name in parameters and value not in parameters[name].get("AllowedValues", [value])
    ]
    return f"the template takes no {', '.join(sorted([*unknown, *wrong]))}" if unknown or wrong else None


def _unknown_function(given: Mapping[str, Any]) -> str | None:
    if given["command"] not in {"sam remote invoke", "sam logs"}:
        return None
    names = [given["resource_id"]] if given["command"] == "sam remote invoke" else list(given["name"] or [])
    return None if names and all(name in _functions() for name in names) else f"{names} is no function of the template"


def _waiting(given: Mapping[str, Any]) -> str | None:
    if given["command"] != "sam remote invoke":
        return None
    asked = given["parameter"] or {}
    if unknown := asked.keys() - _invoke_parameters():
        return f"Invoke has no {', '.join(sorted(unknown))}"
    longest = _functions()[given["resource_id"]]["Timeout"] + _START_SECONDS
    if asked.get("InvocationType") != "Event" and longest >= _SAM_WAITS_SECONDS:
        return "sam calls the function again after a minute: it needs --parameter InvocationType=Event"
    return None


def _unreadable_event(given: Mapping[str, Any]) -> str | None:
    if given["command"] != "sam remote invoke":
        return None
    name = given["resource_id"]
    text = given["event"] or (ROOT / str(given["event_file"])).read_text()
    try:
        event = json.loads(text)
        if name in _READERS:
            facts = [_READERS[name](record["body"]) for record in event["Records"]]
            nothing = [fact for fact in facts if isinstance(fact, Ignored)]
            return f"{name} has nothing to do: {nothing}" if nothing or not facts else None
    except (ValueError, KeyError, OSError) as error:
        return f"{name} cannot read the event: {error!r}"
    schedules = [each["Properties"].get("Input") for each in _functions()[name].get("Events", {}).values()]
    return None if event in [json.loads(each) for each in schedules if each] else f"no schedule sends {name} {event}"


@cache
def _invoke_parameters() -> frozenset[str]:
    shape = get_session().get_service_model("lambda").operation_model("Invoke").input_shape
    return frozenset(shape.members if isinstance(shape, StructureShape) else ())


_CHECKS = (_unknown_parameter, _unknown_function, _waiting, _unreadable_event)


def _functions() -> dict[str, dict[str, Any]]:
    resources = Template().resources
    return {
        n: resource["Properties"]
        for n, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@cache
def _folder() -> Path:
    """Return a folder of the parser's own, with what sam reads where ops call it.

    Processes of sam that share a folder read each other's half-written files, and a build replaces its own.
    """
    folder = TemporaryDirectory(prefix="sam-parser-")
    atexit.register(folder.cleanup)
    for name in ("template.yaml", "samconfig.toml", "events"):
        (Path(folder.name) / name).symlink_to(ROOT / name)
    return Path(folder.name)


@cache
def _parser() -> Popen[str]:
    """Start the parser, which ends when its input does; it takes its time to start, and so is started once."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with (_folder() / "errors").open("w") as errors:
        parser = Popen(  # noqa: S603  # ours
            [_PYTHON, str(Path(__file__).parent / "sam_parser.py")],
            cwd=_folder(),
            env={**environment, "SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(_folder())},
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            text=True,
        )
    atexit.register(parser.communicate)
    return parser


@cache
def _answer(*words: str | None) -> Mapping[str, Any]:
    parser = _parser()
    assert parser.stdin
    assert parser.stdout
    parser.stdin.write(json.dumps(words) + "\n")
    parser.stdin.flush()
    line = parser.stdout.readline()
    assert line, f"the parser of sam has ended: {(_folder() / 'errors').read_text()}"
    answer: dict[str, Any] = json.loads(line)
    return answer
