"""What the tests of the release handler share: the stack, its flags, and enforced users."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.iam.models import iam_backends

from domain.api_call import ApiCall
from tests.integration.deployment import ACCOUNT, Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

ReadText = Callable[[str], str]
NOW = datetime.now(UTC)
TAGGED = ApiCall(
    "TagUser", "arn:aws:iam::111122223333:user/admin-jane", NOW, "203.0.113.24", "6c2f8b1e-9d0a-4f37-8e55-1b7c0d9a2f64"
)


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.run("ReleaseFunction")
    return stack


@pytest.fixture
def context() -> Context:
    return Context("ReleaseFunction")


@pytest.fixture
def create_enforced(iam: "IAMClient", stack: Stack) -> Callable[..., str]:
    """Create a user with the policy and the group, and with another policy and another group; return the id."""
    iam.create_group(GroupName="developers")
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    other = iam.create_policy(PolicyName="other", PolicyDocument=allow)

    def create(name: str, **tags: str) -> str:
        user = iam.create_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": value} for value in tags.values()])
        iam.attach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
        iam.attach_user_policy(UserName=name, PolicyArn=other["Policy"]["Arn"])
        iam.add_user_to_group(GroupName=stack.group, UserName=name)
        iam.add_user_to_group(GroupName="developers", UserName=name)
        backdate(name)
        return user["User"]["UserId"]

    return create


def conflict(event_text: ReadText, name: str, *, ago: timedelta = timedelta(0), **detail: Any) -> str:  # noqa: ANN401
    """A deletion of the user that failed so long ago."""
    event = json.loads(event_text("delete_user_error_delete_conflict"))
    event["detail"]["requestParameters"]["userName"] = name
    event["detail"]["eventTime"] = (datetime.now(UTC) - ago).isoformat()
    event["detail"].update(detail)
    return json.dumps(event)


def backdate(name: str, age: timedelta = timedelta(days=1)) -> None:
    """Make a user older than the calls about that user."""
    iam_backends[ACCOUNT]["aws"].users[name].create_date = datetime.now(UTC) - age


def flags(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return [item for item in stack.flags.all() if item["kind"]["S"] == kind]
