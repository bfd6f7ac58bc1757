"""Records every call to IAM as it passes, and publishes it on the event bus as AWS does.

MiniStack's own CloudTrail keeps neither answers nor errors, and sends nothing to EventBridge. These records match the
deployed rules as they are.
"""

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_evaluator, responses  # type: ignore[import-untyped]  # ships no types
from ministack.services import eventbridge, iam  # type: ignore[import-untyped]

from local.server.callers import AssumedRole, Caller, IamUser, Root
from local.server.trail import Exchange, record_of

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Message, Receive, Send], Awaitable[None]]

# The body of the current request, if it is signed for IAM or SES.
request_body: ContextVar[bytes] = ContextVar("request_body", default=b"")

# The scope of a signature: Credential=<access key>/<day>/<region>/<service>/aws4_request.
_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/[^/]+/(iam|ses)/")


@dataclass
class Answer:
    """The answer to a request, kept as it passes."""

    status: int = 0
    body: bytes = b""

    def keep(self, message: Message) -> None:
        """Keep one message of the answer."""
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def recording(application: Application) -> Application:
    """Pass every request through unchanged, and publish the write calls to IAM on the event bus after their answer."""

    async def recorded(scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
        signed = _SCOPE.search(headers.get("authorization", ""))
        if signed is None:
            return await application(scope, receive, send)
        at, body, answer = datetime.now(UTC), await _read(receive), Answer()
        request_body.set(body)
        unread = [body]

        async def replayed() -> Message:
            return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

        async def sent(message: Message) -> None:
            answer.keep(message)
            await send(message)

        await application(scope, replayed, sent)
        if signed[2] == "iam":
            publish_on_bus(
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
    """Return the owner of an access key; an unknown key acts for the account, as in MiniStack."""
    account = responses.get_account_id()
    owner = iam_evaluator.resolve_credential(access_key_id, account)
    if not isinstance(owner, iam_evaluator.ResolvedCredential) or owner.principal_type == "Root":
        return Root(account, access_key_id)
    if owner.principal_type == "User":
        return IamUser(account, access_key_id, owner.principal_arn, owner.principal_id, owner.principal_name)
    role_name, session = owner.principal_arn.split("/")[-2:]
    role = iam._roles[role_name]  # noqa: SLF001
    return AssumedRole(account, access_key_id, role["Arn"], role["RoleId"], role_name, session)


def publish_on_bus(exchange: Exchange) -> None:
    """Publish a recorded call on the bus with a source that PutEvents may not use, as AWS services do."""
    if record := record_of(exchange):
        entry = {"Source": "aws.iam", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(record)}
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001  # no public way in


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
