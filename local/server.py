"""MiniStack with a trail: the process that `local.cloud` starts, and that ends with whoever started it.

MiniStack's own CloudTrail keeps neither answers nor errors and hands nothing to EventBridge. Here every call to IAM is
recorded as it passes and put on the event bus as AWS would, so the deployed rules match it as they are.
"""

import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack import app as ministack  # type: ignore[import-untyped]  # ships no types
from ministack.core import iam_evaluator, responses  # type: ignore[import-untyped]
from ministack.services import eventbridge, iam  # type: ignore[import-untyped]

from local.authorization import action_of, conditions_of, identity_of, resource_of
from local.delivery import correct_delivery
from local.resources import correct_cloudformation
from local.trail import AssumedRole, Caller, Exchange, IamUser, Root, record_of

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Message, Receive, Send], Awaitable[None]]

# The scope of a signature: Credential=<access key>/<day>/<region>/<service>/aws4_request.
_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/[^/]+/(iam|ses)/")
_body: ContextVar[bytes] = ContextVar("body of the request", default=b"")


@dataclass
class Answer:
    """What is sent back, kept as it passes."""

    status: int = 0
    body: bytes = b""

    def keep(self, message: Message) -> None:
        """Keep one message of the answer."""
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def recording(application: Application) -> Application:
    """Let every request through unchanged, and put the write calls to IAM on the event bus once they are answered."""

    async def recorded(scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
        signed = _SCOPE.search(headers.get("authorization", ""))
        if signed is None:
            return await application(scope, receive, send)
        at, body, answer = datetime.now(UTC), await _read(receive), Answer()
        _body.set(body)
        unread = [body]

        async def replayed() -> Message:
            return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

        async def sent(message: Message) -> None:
            answer.keep(message)
            await send(message)

        await application(scope, replayed, sent)
        if signed[2] == "iam":
            put_on_bus(
                Exchange(
                    form=body.decode(),
                    status=answer.status,
                    answer=answer.body,
                    caller=caller_with(signed[1]),
                    source_ip=(scope.get("client") or ("127.0.0.1",))[0],
                    user_agent=headers.get("user-agent", ""),
                    at=at,
                )
            )
        return None

    return recorded


def caller_with(access_key_id: str) -> Caller:
    """Return whose access key it is; one that nobody has acts for the account, as MiniStack takes it."""
    account = responses.get_account_id()
    found = iam_evaluator.resolve_credential(access_key_id, account)
    if not isinstance(found, iam_evaluator.ResolvedCredential) or found.principal_type == "Root":
        return Root(account, access_key_id)
    if found.principal_type == "User":
        return IamUser(account, access_key_id, found.principal_arn, found.principal_id, found.principal_name)
    role_name, session = found.principal_arn.split("/")[-2:]
    role = iam._roles[role_name]  # noqa: SLF001
    return AssumedRole(account, access_key_id, role["Arn"], role["RoleId"], role_name, session)


def put_on_bus(exchange: Exchange) -> None:
    """Put a recorded call on the bus under the source that no PutEvents may use, as AWS services do."""
    if record := record_of(exchange):
        entry = {"Source": "aws.iam", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(record)}
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001  # no public way in


def completing(enforce: Callable[..., object]) -> Callable[..., object]:
    """Have permissions checked against the resource and the condition keys that MiniStack leaves out."""

    def completed(access_key_id: str, iam_action: str, service: str, region: str, **about: Any) -> object:  # noqa: ANN401
        body = _body.get()
        about["service_context"] = {**(about.get("service_context") or {}), **conditions_of(service, body)}
        if service == "iam" and (arn := resource_of(iam_action, body, responses.get_account_id(), _arn_of_entity)):
            about["resource_arn"] = arn
        if service in {"ses", "sesv2"} and (arn := identity_of(body, region, responses.get_account_id())):
            about["resource_arn"] = arn
        return enforce(access_key_id, action_of(iam_action), service, region, **about)

    return completed


def as_if_encrypted(resolve: Callable[..., object]) -> Callable[..., object]:
    """Let policies that refuse plain HTTP take requests for encrypted ones: they never leave this machine."""

    def resolved(key: str, *about: Any) -> object:  # noqa: ANN401
        return "true" if key.lower() == "aws:securetransport" else resolve(key, *about)

    return resolved


def end_with_starter(folder: str) -> None:
    """End this process, its workers and its folder once the starter's end of our standard input closes.

    Not even a starter that was killed leaves anything behind so.
    """

    def wait() -> None:
        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _arn_of_entity(kind: str, name: str) -> str | None:
    entity = {"user": iam._users, "group": iam._groups}[kind].get(name)  # noqa: SLF001  # reading by API would be checked, too
    return entity["Arn"] if entity else None


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


if __name__ == "__main__":
    end_with_starter(folder=sys.argv[1])
    del sys.argv[1:]
    ministack.app = recording(ministack.app)
    iam_evaluator.enforce = completing(iam_evaluator.enforce)
    iam_evaluator._resolve_condition_key = as_if_encrypted(iam_evaluator._resolve_condition_key)  # noqa: SLF001
    correct_cloudformation(put_on_bus)
    correct_delivery()
    ministack.main()
