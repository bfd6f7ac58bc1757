"""What the tests of the enforce handler share: the stack, a user, and events of this moment."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.iam.models import iam_backends

from tests.integration.deployment import ACCOUNT, Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.run("EnforceFunction")
    return stack


@pytest.fixture
def context() -> Context:
    return Context("EnforceFunction")


@pytest.fixture
def alice(iam: "IAMClient") -> str:
    """A user's id."""
    return iam.create_user(UserName="alice")["User"]["UserId"]


def tagged(iam: "IAMClient", value: str = "CI robot") -> None:
    iam.tag_user(UserName="alice", Tags=[{"Key": "mfa-exempt", "Value": value}])


def in_seconds(delay: timedelta) -> str:
    """Return a time from now as the table keeps it: seconds since 1970."""
    return str(int((datetime.now(UTC) + delay).timestamp()))


def at_this_moment(text: str) -> str:
    event = json.loads(text)
    event["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    return json.dumps(event)


def creation(event_text: ReadText, name: str = "alice", **detail: Any) -> str:  # noqa: ANN401  (any field of a record)
    """A CreateUser event of the console, as of now, for this name and with these fields of its record.

    The id is that of the user of this name, if there is one.
    """
    event = json.loads(event_text("create_user_console"))
    event["detail"]["eventTime"] = datetime.now(UTC).isoformat()
    user = iam_backends[ACCOUNT]["aws"].users.get(name)
    event["detail"]["responseElements"]["user"]["userName"] = name
    event["detail"]["responseElements"]["user"]["userId"] = user.id if user else "AIDANOBODYYET"
    event["detail"].update(detail)
    return json.dumps(event)


def create_recorded(iam: "IAMClient", record: dict[str, Any]) -> str:
    """Create the user of a message's CreateUser event, id included; return the name."""
    user = json.loads(record["body"])["detail"]["responseElements"]["user"]
    iam.create_user(UserName=user["userName"])
    iam_backends[ACCOUNT]["aws"].users[user["userName"]].id = user["userId"]
    return user["userName"]  # type: ignore[no-any-return]  # a name is text
