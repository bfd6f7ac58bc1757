"""The release handler as a resource of the stack: it releases any number of users and answers CloudFormation."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from release import everybody
from release.handler import lambda_handler
from tests.conftest import EVENTS
from tests.integration.conftest import Calls, attached, members
from tests.integration.deployment import ACCOUNT, Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


POLICY = f"arn:aws:iam::{ACCOUNT}:policy/mfa-enforcer/mfa-control"


def run(*, out_of_time_after: int | None = None) -> Context:
    """Return the context of a run, whose time may be up after so many checks of the clock."""
    if out_of_time_after is None:
        return Context("ReleaseFunction")
    return Context("ReleaseFunction", left=[*[120_000] * out_of_time_after, 10_000])


class CloudFormation:
    """Takes the answer at its URL, and keeps it."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []
        self.refusals = 0
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.refusals -= 1
                if outer.refusals < 0:
                    outer.answers.append(json.loads(body))
                    outer.content_types.append(self.headers["Content-Type"])
                self.send_response(200 if outer.refusals < 0 else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/answer"

    def event(self, request_type: str) -> dict[str, Any]:
        """What CloudFormation invokes the function with."""
        sample: dict[str, Any] = json.loads((EVENTS / "release_stack_deletion.json").read_text())
        return {**sample, "RequestType": request_type, "ResponseURL": self.url}


@pytest.fixture
def cloudformation(account: None) -> Iterator[CloudFormation]:
    cloudformation = CloudFormation()
    thread = Thread(target=cloudformation.server.serve_forever, args=(0.01,))
    thread.start()
    yield cloudformation
    cloudformation.server.shutdown()
    thread.join()
    cloudformation.server.server_close()


@pytest.fixture(autouse=True)
def stack(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr(everybody, "sleep", lambda _: None)
    return stack


@pytest.fixture
def users(iam: "IAMClient", stack: Stack) -> list[str]:
    """Three users with the policy, three in the group."""
    names = [f"user{number}" for number in range(6)]
    for name in names:
        iam.create_user(UserName=name)
    for name in names[:3]:
        iam.attach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
    for name in names[3:]:
        iam.add_user_to_group(GroupName=stack.group, UserName=name)
    return names


def count_covered(iam: "IAMClient", stack: Stack, users: list[str]) -> int:
    return sum(bool(attached(iam, name)) for name in users) + len(members(iam, stack.group))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_create_and_update(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    request_type: str,
) -> None:
    """Creating or updating the stack releases no user."""
    lambda_handler(cloudformation.event(request_type), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]
    assert count_covered(iam, stack, users) == 6


def test_physical_id(cloudformation: CloudFormation) -> None:
    """A created resource has the ARN of the policy as its physical id."""
    event = cloudformation.event("Create")
    del event["PhysicalResourceId"]

    lambda_handler(event, run())

    [answer] = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", POLICY)


@pytest.fixture
def renamed(iam: "IAMClient", stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ARN of the policy that an update has just created under another name, for which release works by now."""
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    created = iam.create_policy(PolicyName="mfa-2", Path="/mfa-enforcer/", PolicyDocument=document)
    monkeypatch.setenv("POLICY_ARN", created["Policy"]["Arn"])
    return created["Policy"]["Arn"]


def test_refuses_another_policy_name(
    iam: "IAMClient", users: list[str], renamed: str, cloudformation: CloudFormation
) -> None:
    """Another PolicyName is refused while users have the policy, and the rollback succeeds."""
    update = {**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}

    for event in (update, cloudformation.event("Update")):
        lambda_handler(event, run())

    refusal, rollback = cloudformation.answers
    assert (refusal["Status"], refusal["PhysicalResourceId"]) == ("FAILED", POLICY)
    assert "PolicyName cannot be changed while mfa-control is attached" in refusal["Reason"]
    assert (rollback["Status"], rollback["PhysicalResourceId"]) == ("SUCCESS", POLICY)
    assert attached(iam, users[0]) == ["mfa-control"]


def test_replaces_a_deleted_policy(
    iam: "IAMClient", stack: Stack, users: list[str], renamed: str, cloudformation: CloudFormation
) -> None:
    """A policy that was deleted is replaced by another, and no user is released."""
    for name in users[:3]:
        iam.detach_user_policy(UserName=name, PolicyArn=POLICY)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=POLICY)
    iam.delete_policy(PolicyArn=POLICY)

    lambda_handler({**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}, run())
    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert cloudformation.answers[0]["PhysicalResourceId"] == renamed
    assert members(iam, stack.group) == users[3:]


def test_refuses_without_a_check(users: list[str], renamed: str, cloudformation: CloudFormation, calls: Calls) -> None:
    """Another PolicyName is refused if the users of the policy cannot be read."""
    calls.fail("ListEntitiesForPolicy", "AccessDenied", status=403)

    lambda_handler({**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}, run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["FAILED"]


def test_delete(iam: "IAMClient", stack: Stack, users: list[str], cloudformation: CloudFormation) -> None:
    """Deleting the stack detaches the policy from users, roles and other groups, empties its group and answers."""
    iam.create_role(RoleName="other", AssumeRolePolicyDocument="{}")
    iam.create_group(GroupName="other")
    iam.attach_role_policy(RoleName="other", PolicyArn=stack.policy_arn)
    iam.attach_group_policy(GroupName="other", PolicyArn=stack.policy_arn)

    lambda_handler(cloudformation.event("Delete"), run())

    assert count_covered(iam, stack, users) == 0
    entities = iam.list_entities_for_policy(PolicyArn=stack.policy_arn)
    assert [group["GroupName"] for group in entities["PolicyGroups"]] == [stack.group]
    assert entities["PolicyRoles"] == []
    assert cloudformation.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "Everybody is released",
            "PhysicalResourceId": POLICY,
            "StackId": cloudformation.event("Delete")["StackId"],
            "RequestId": cloudformation.event("Delete")["RequestId"],
            "LogicalResourceId": "EverybodyReleased",
        }
    ]
    assert cloudformation.content_types == [""], "the URL is signed for a PUT without one"


def test_delete_in_a_dry_run(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
) -> None:
    """Deleting the stack releases every user even in a dry run."""
    stack.update(DryRun="true")

    lambda_handler(cloudformation.event("Delete"), run())

    assert count_covered(iam, stack, users) == 0


def test_continues_until_done(
    iam: "IAMClient", stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    """A run that is out of time starts the next one, and only the last one answers."""
    calls.answer("Invoke", *["{}"] * 9)
    event, left = cloudformation.event("Delete"), []

    while not cloudformation.answers:
        lambda_handler(event, run(out_of_time_after=2))
        event = {**event, "MfaEnforcerRun": event.get("MfaEnforcerRun", 1) + 1}
        left.append(count_covered(iam, stack, users))

    assert left == [4, 2, 0]
    assert calls.count("Invoke") == 2


def test_event_of_the_next_run(
    users: list[str], cloudformation: CloudFormation, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run gets the same event with its number."""
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    lambda_handler(cloudformation.event("Delete"), run(out_of_time_after=0))

    assert sent == [{**cloudformation.event("Delete"), "MfaEnforcerRun": 2}]


@pytest.mark.parametrize("operation", ["ListEntitiesForPolicy", "GetGroup", "DetachUserPolicy", "RemoveUserFromGroup"])
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_failed_call(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    calls: Calls,
    operation: str,
    code: str,
    status: int,
) -> None:
    """The next run does the work of a failed call."""
    calls.answer("Invoke", "{}")
    calls.keep_failing(operation, code, status=status)

    lambda_handler(cloudformation.event("Delete"), run())
    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 2}, run())

    assert count_covered(iam, stack, users) == 0
    assert [answer["Reason"] for answer in cloudformation.answers] == ["Everybody is released"]


def test_last_run_with_users_left(stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls) -> None:
    """The last run answers with success although a user is left, and ops get the name."""
    calls.fail("DetachUserPolicy", "AccessDenied", status=403)

    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 15}, run())

    [answer] = cloudformation.answers
    assert (answer["Status"], answer["Reason"]) == ("SUCCESS", "1 could not be released; the log says why")
    assert "user0" in stack.ops.read()


def test_last_run_without_the_list(
    stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    """The last run answers although the users could not be read, and says so to CloudFormation and ops."""
    calls.fail("ListEntitiesForPolicy", "AccessDenied", status=403, times=3)

    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 15}, run())

    assert [answer["Reason"] for answer in cloudformation.answers] == ["Not everything could be read; the log says why"]
    assert "there may be more" in stack.ops.read()


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("NoSuchEntity", 404)])
def test_group_cannot_be_read(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    calls: Calls,
    code: str,
    status: int,
) -> None:
    """The policy is detached from every user even if the group was deleted or cannot be read."""
    calls.answer("Invoke", "{}")
    calls.fail("GetGroup", code, status=status, times=2)

    lambda_handler(cloudformation.event("Delete"), run())

    assert [attached(iam, name) for name in users[:3]] == [[], [], []]


def test_one_timeout(iam: "IAMClient", users: list[str], cloudformation: CloudFormation, calls: Calls) -> None:
    """A call that gets no answer does not keep the others from being released in the same run."""
    calls.answer("Invoke", "{}")
    calls.break_off("DetachUserPolicy", ReadTimeoutError(endpoint_url="https://iam.amazonaws.com"))

    lambda_handler(cloudformation.event("Delete"), run())

    assert sum(bool(attached(iam, name)) for name in users) <= 1


def test_permissions_boundary(stack: Stack, cloudformation: CloudFormation, calls: Calls) -> None:
    """Ops get the names of the users whose permissions boundary is the policy, and no run follows."""
    nobody = entities("")
    calls.answer("ListEntitiesForPolicy", nobody, nobody, entities("<member><UserName>alice</UserName></member>"))

    lambda_handler(cloudformation.event("Delete"), run())

    [answer] = cloudformation.answers
    assert answer["Reason"] == "Everybody is released, but the policy is the permissions boundary of 1"
    assert "alice" in stack.ops.read()
    assert "Invoke" not in calls


def entities(users: str) -> str:
    """Return an answer of ListEntitiesForPolicy."""
    return (
        '<ListEntitiesForPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListEntitiesForPolicyResult>'
        f"<PolicyUsers>{users}</PolicyUsers><PolicyRoles/><PolicyGroups/>"
        "</ListEntitiesForPolicyResult></ListEntitiesForPolicyResponse>"
    )


def test_answers_after_an_error(
    cloudformation: CloudFormation, users: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation gets an answer even if the function fails."""
    monkeypatch.delenv("POLICY_ARN")

    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


def test_policy_and_group_deleted(iam: "IAMClient", stack: Stack, cloudformation: CloudFormation) -> None:
    """Deleting a stack without its policy and its group succeeds."""
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    iam.delete_policy(PolicyArn=stack.policy_arn)
    boto3.client("iam").delete_group(GroupName=stack.group)

    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Reason"] for answer in cloudformation.answers] == ["Everybody is released"]


def test_answers_in_three_tries(cloudformation: CloudFormation) -> None:
    """The answer to CloudFormation is tried three times."""
    cloudformation.refusals = 2

    lambda_handler(cloudformation.event("Create"), run())

    assert len(cloudformation.answers) == 1
