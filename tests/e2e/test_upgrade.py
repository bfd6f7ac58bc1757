"""An upgrade from the previous release, with enforced users and messages in flight."""

import json
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from local.account import Account, eventually
from local.cloud import Cloud
from local.mailbox import Mailbox
from local.stack import Stack
from local.start import started
from tests.e2e.test_parameters_stay import checked_out, played, section

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RELEASE = Path(__file__).parent / "releases" / "1.0.0.tar.xz"
NAME = "mfa-enforcer"
FIRST = f"sam build && sam deploy --no-confirm-changeset --stack-name {NAME} --parameter-overrides " + " ".join(
    (
        "SenderEmail=mfa@example.com",
        "DefaultEmailDomain=example.com",
        "ChangeDelaySeconds=2",
        "ExistingUsers=enforce",
        "ExemptPaths=/service/",
    )
)
# The types of resources with state, or with an effect when they are replaced.
STATEFUL = (
    "AWS::DynamoDB::Table",
    "AWS::IAM::Group",
    "AWS::IAM::ManagedPolicy",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)
# Longer than the upgrade takes.
LATER = 45


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture
def release(cloud: Cloud, tmp_path: Path) -> Path:
    """A clone of the project, with the previous release deployed from it."""
    before = tmp_path / "before"
    with tarfile.open(RELEASE) as archive:
        archive.extractall(before, filter="data")
    played(FIRST, cloud, before)
    return before


def test_upgrade(cloud: Cloud, release: Path, tmp_path: Path) -> None:
    """Nobody is detached, no resource with state is replaced, and waiting messages are handled."""
    stack = Stack(cloud, NAME)
    account, mailbox = Account(stack), Mailbox(cloud)
    mailbox.allow_sender("mfa@example.com")
    people = [account.create_user(f"person{number}") for number in range(3)]
    for person in people:
        account.wait_until_enforced(person)
    robot = account.create_user("robot", path="/service/")
    account.iam.attach_user_policy(UserName=robot, PolicyArn=account.policy_arn)
    parts, custom = stateful(stack), stack.resources["EverybodyReleased"]
    remember_first_run(account, people[0])
    send_later(account, "ReleaseRequestsQueue", request_of_1_0_0(account, robot))
    send_later(account, "MailsQueue", reminder_of_1_0_0(account, people[0]))

    checkout = checked_out(cloud, tmp_path)
    for command in section("Upgrade"):
        played(command, cloud, checkout)

    upgraded = Account(Stack(cloud, NAME))
    assert parts.items() <= stateful(upgraded.stack).items()
    assert upgraded.stack.resources["EverybodyReleased"] == custom
    assert upgraded.enforced_users() >= set(people)
    eventually(lambda: not upgraded.is_enforced(robot), "the release that was asked for", within=90)
    address = f"{people[0]}@example.com"
    eventually(lambda: mailbox.sent_to(address), "the reminder that waited", within=90)
    assert upgraded.enforced_users() >= set(people)
    summary = upgraded.invoke("ReconcileFunctionName", {"action": "reconcile"})
    assert (summary["attached"], summary["PolicyDrift"], summary["failed"]) == (0, 0, 0)


def stateful(stack: Stack) -> dict[str, str]:
    """Return the physical ids of resources with state, by logical id."""
    client = stack.cloud.client("cloudformation")
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    parts = (part for page in pages for part in page["StackResourceSummaries"])
    return {part["LogicalResourceId"]: part["PhysicalResourceId"] for part in parts if part["ResourceType"] in STATEFUL}


def send_later(account: Account, output: str, message: str) -> None:
    """Put a message on a queue that is delivered after the upgrade."""
    account.sqs.send_message(QueueUrl=account.stack.outputs[output], MessageBody=message, DelaySeconds=LATER)


def request_of_1_0_0(account: Account, user_name: str) -> str:
    user_id = account.iam.get_user(UserName=user_name)["User"]["UserId"]
    return json.dumps({"release": {"user_id": user_id, "user_name": user_name, "after": None}})


def reminder_of_1_0_0(account: Account, user_name: str) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return json.dumps(
        {
            "kind": "reminder",
            "cause": f"reminder#{today}",
            "user_name": user_name,
            "user_id": account.iam.get_user(UserName=user_name)["User"]["UserId"],
            "to": f"{user_name}@example.com",
            "cc": None,
            "language": "en",
            "unenrolled_since": today,
            "number": 1,
            "days": 0,
        }
    )


def remember_first_run(account: Account, user_name: str) -> None:
    """Write the person's item as a run of the release does, because the claim of a reminder needs it."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    dynamodb = cast("DynamoDBClient", account.stack.cloud.client("dynamodb"))
    dynamodb.put_item(
        TableName=account.stack.resources["PeopleTable"],
        Item={
            "user_id": {"S": account.iam.get_user(UserName=user_name)["User"]["UserId"]},
            "user_name": {"S": user_name},
            "first_seen": {"S": today},
            "unenrolled_since": {"S": today},
        },
    )
