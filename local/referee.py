"""The evaluator that judges requests by policies: an independent node program that answers line by line."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import IO, Any, Literal, Self, cast

SCRIPT = Path(__file__).with_name("referee.mjs")
EVALUATOR = Path(__file__).parents[1] / "node_modules" / "@cloud-copilot" / "iam-simulate"

type Policy = Mapping[str, Any]
type Verdict = Literal["allow", "deny"]


@dataclass(frozen=True)
class Request:
    """A request to AWS; the resource is "*" if the call names none."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str | list[str]]


def missing() -> str | None:
    """Return what the referee lacks, or None."""
    if which("node") is None:
        return "the policy's referee needs node, which is not installed"
    if not EVALUATOR.is_dir():
        return "the policy's referee is not installed: npm ci"
    return None


def caller(principal: str, user_name: str) -> dict[str, str]:
    """Return the context keys of every request of an IAM user ("AWS global condition context keys")."""
    return {
        "aws:username": user_name,
        "aws:PrincipalArn": principal,
        "aws:PrincipalAccount": principal.split(":")[4],
        "aws:PrincipalType": "User",
    }


class Referee:
    """One node process for all requests: starting it takes longer than a hundred judgements."""

    def __init__(self) -> None:
        command = ["node", str(SCRIPT)]
        self._process = subprocess.Popen(  # noqa: S603  # our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1
        )

    def judge(self, policies: Sequence[Policy], request: Request) -> Verdict:
        """Judge the request of a user with these policies and no others.

        Raises ValueError if the evaluator refuses a policy or the request.
        """
        print(json.dumps({"policies": policies, **asdict(request)}), file=self._process.stdin, flush=True)
        line = cast("IO[str]", self._process.stdout).readline()
        answer: dict[str, Any] = json.loads(line or '{"error": "the referee has ended"}')
        if "error" in answer:
            message = f"{request.action} on {request.resource}: {answer['error']}"
            raise ValueError(message)
        verdict: Verdict = answer["verdict"]
        return verdict

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
