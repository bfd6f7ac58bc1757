"""The CloudTrail record of a call to IAM, made from the request and the answer as they went over the wire.

IAM uses the query protocol. Botocore's model of IAM describes its forms and answers, so every call is covered. The
shape is that of "CloudTrail record contents": members in lowerCamelCase, errors by their shape's name, no secrets.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import botocore.session
from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import create_parser

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

    from local.server.callers import Caller

# Only write calls: a rule in state ENABLED does not get the others ("Events from AWS services via CloudTrail").
_READS = re.compile(r"(Get|List|Simulate|Generate)")
# The members that CloudTrail omits, in addition to those that the model declares sensitive.
_SECRETS = {"AuthenticationCode1", "AuthenticationCode2", "Base32StringSeed", "QRCodePNG"}
_NOTHING = StructureShape("Nothing", {"type": "structure", "members": {}})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to IAM with its answer: `form` and `answer` are the bodies, `status` is that of HTTP.

    `invoked_by` is the service that called on the caller's behalf, if one did.
    """

    form: str
    status: int
    answer: bytes
    caller: "Caller"
    source_ip: str
    user_agent: str
    at: datetime
    invoked_by: str = ""


def record_of(exchange: Exchange) -> dict[str, Any] | None:
    """Return the record of a write call, None for a read or an unknown call."""
    form = dict(parse_qsl(exchange.form, keep_blank_values=True))
    action = form.get("Action", "")
    if _READS.match(action) or action not in _iam().operation_names:
        return None
    operation = _iam().operation_model(action)
    request = (_from_form(operation.input_shape, form) if operation.input_shape else None) or {}
    invoker = {"invokedBy": exchange.invoked_by} if exchange.invoked_by else {}
    return {
        "eventVersion": "1.11",
        "userIdentity": exchange.caller.as_identity() | invoker,
        "eventTime": f"{exchange.at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": action,
        "awsRegion": "us-east-1",
        "sourceIPAddress": exchange.source_ip,
        "userAgent": exchange.user_agent,
        **_outcome(operation, request, exchange),
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": exchange.caller.account,
        "eventCategory": "Management",
    }


def _outcome(operation: "OperationModel", request: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    shape = operation.output_shape or _NOTHING
    wire = {"status_code": exchange.status, "headers": {}, "body": exchange.answer}
    answer = create_parser("query").parse(wire, shape)
    asked = _recorded(operation.input_shape, request) or None
    if exchange.status < 300:
        return {"requestParameters": asked, "responseElements": _recorded(shape, answer) or None}
    error = answer["Error"]
    denied = error["Code"] == "AccessDenied"
    return {
        "errorCode": _error_names().get(error["Code"], error["Code"]),
        "errorMessage": error.get("Message", ""),
        "requestParameters": None if denied else asked,
        "responseElements": None,
    }


def _from_form(shape: Shape, form: Mapping[str, str], prefix: str = "") -> Any:  # noqa: ANN401  # JSON of any shape
    """Read a value back from a form: `Tags.member.1.Key` is the key of the first tag."""
    if isinstance(shape, StructureShape):
        members = {name: _from_form(member, form, f"{prefix}{name}.") for name, member in shape.members.items()}
        return {name: value for name, value in members.items() if value is not None} or None
    if isinstance(shape, ListShape):
        return _items_from_form(shape, form, prefix) or None
    text = form.get(prefix.removesuffix("."))
    match shape.type_name:
        case _ if text is None:
            return None
        case "boolean":
            return text == "true"
        case "integer":
            return int(text)
    return text


def _items_from_form(shape: ListShape, form: Mapping[str, str], prefix: str) -> list[Any]:
    items: list[Any] = []
    while (item := _from_form(shape.member, form, f"{prefix}member.{len(items) + 1}.")) is not None:
        items.append(item)
    return items


def _recorded(shape: Shape | None, value: Any) -> Any:  # noqa: ANN401
    """Return a value as CloudTrail records it, without secrets."""
    if isinstance(shape, StructureShape):
        return {
            name[0].lower() + name[1:]: _recorded(member, value[name])
            for name, member in shape.members.items()
            if name in value and not (name in _SECRETS or member.metadata.get("sensitive"))
        }
    if isinstance(shape, ListShape):
        return [_recorded(shape.member, item) for item in value]
    if isinstance(value, datetime):
        return f"{value:%b} {value.day}, {value:%Y, %-I:%M:%S\u202f%p}"
    return value


@cache
def _iam() -> "ServiceModel":
    return botocore.session.get_session().get_service_model("iam")


@cache
def _error_names() -> Mapping[str, str]:
    """Return CloudTrail's name of each IAM error, by its code on the wire."""
    return {
        shape.error_code: shape.name
        for shape in _iam().error_shapes
        if isinstance(shape, StructureShape) and shape.error_code
    }
