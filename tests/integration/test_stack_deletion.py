"""The release handler as the stack's own resource: everybody is let go, whatever the number, and an answer is given."""

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
    stack.run("ReleaseFunction")
    return stack


@pytest.fixture
def users(iam: "IAMClient", stack: Stack) -> list[str]:
    """Three users whom the policy holds, three whom the group does."""
    names = [f"user{number}" for number in range(6)]
    for name in names:
        iam.create_user(UserName=name)
    for name in names[:3]:
        iam.attach_user_policy(UserName=name, PolicyArn=stack.policy_arn)
    for name in names[3:]:
        iam.add_user_to_group(GroupName=stack.group, UserName=name)
    return names


def held(iam: "IAMClient", stack: Stack, users: list[str]) -> int:
    return sum(bool(attached(iam, name)) for name in users) + len(members(iam, stack.group))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_creating_and_updating_the_stack_lets_nobody_go(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    request_type: str,
) -> None:
    lambda_handler(cloudformation.event(request_type), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]
    assert held(iam, stack, users) == 6


def test_a_stack_that_is_created_bears_the_policy_as_its_id(cloudformation: CloudFormation) -> None:
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


def test_another_name_of_the_policy_is_refused_while_somebody_is_held_and_the_rollback_is_let_through(
    iam: "IAMClient", users: list[str], renamed: str, cloudformation: CloudFormation
) -> None:
    update = {**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}

    for event in (update, cloudformation.event("Update")):
        lambda_handler(event, run())

    refusal, rollback = cloudformation.answers
    assert (refusal["Status"], refusal["PhysicalResourceId"]) == ("FAILED", POLICY)
    assert "PolicyName cannot be changed while mfa-control is attached" in refusal["Reason"]
    assert (rollback["Status"], rollback["PhysicalResourceId"]) == ("SUCCESS", POLICY)
    assert attached(iam, users[0]) == ["mfa-control"]


def test_a_policy_that_is_gone_is_replaced_by_another_and_nobody_is_released_for_it(
    iam: "IAMClient", stack: Stack, users: list[str], renamed: str, cloudformation: CloudFormation
) -> None:
    """Whoever deletes a policy has to detach it from everybody first."""
    for name in users[:3]:
        iam.detach_user_policy(UserName=name, PolicyArn=POLICY)
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=POLICY)
    iam.delete_policy(PolicyArn=POLICY)

    lambda_handler({**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}, run())
    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS", "SUCCESS"]
    assert cloudformation.answers[0]["PhysicalResourceId"] == renamed
    assert members(iam, stack.group) == users[3:]


def test_what_cannot_be_looked_at_is_refused(
    users: list[str], renamed: str, cloudformation: CloudFormation, calls: Calls
) -> None:
    calls.fail("ListEntitiesForPolicy", "AccessDenied", status=403)

    lambda_handler({**cloudformation.event("Update"), "ResourceProperties": {"PolicyArn": renamed}}, run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["FAILED"]


def test_deleting_the_stack_frees_everybody_and_everything_first(
    iam: "IAMClient", stack: Stack, users: list[str], cloudformation: CloudFormation
) -> None:
    iam.create_role(RoleName="somebodys", AssumeRolePolicyDocument="{}")
    iam.create_group(GroupName="somebodys")
    iam.attach_role_policy(RoleName="somebodys", PolicyArn=stack.policy_arn)
    iam.attach_group_policy(GroupName="somebodys", PolicyArn=stack.policy_arn)

    lambda_handler(cloudformation.event("Delete"), run())

    assert held(iam, stack, users) == 0
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


def test_a_dry_run_does_not_keep_the_stack_from_being_deleted(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
) -> None:
    stack.update(DryRun="true")

    lambda_handler(cloudformation.event("Delete"), run())

    assert held(iam, stack, users) == 0


def test_what_time_does_not_allow_is_done_by_the_next_run_and_only_the_last_one_answers(
    iam: "IAMClient", stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    calls.answer("Invoke", *["{}"] * 9)
    event, left = cloudformation.event("Delete"), []

    while not cloudformation.answers:
        lambda_handler(event, run(out_of_time_after=2))
        event = {**event, "MfaEnforcerRun": event.get("MfaEnforcerRun", 1) + 1}
        left.append(held(iam, stack, users))

    assert left == [4, 2, 0]
    assert calls.count("Invoke") == 2


def test_the_next_run_gets_the_same_event_and_its_number(
    users: list[str], cloudformation: CloudFormation, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("aws.lambda_.Continuation.start_next_run", lambda _, event: sent.append(event))

    lambda_handler(cloudformation.event("Delete"), run(out_of_time_after=0))

    assert sent == [{**cloudformation.event("Delete"), "MfaEnforcerRun": 2}]


@pytest.mark.parametrize("operation", ["ListEntitiesForPolicy", "GetGroup", "DetachUserPolicy", "RemoveUserFromGroup"])
@pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("ServiceFailure", 500), ("AccessDenied", 403)])
def test_a_call_that_fails_is_made_up_for_by_the_next_run(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    calls: Calls,
    operation: str,
    code: str,
    status: int,
) -> None:
    calls.answer("Invoke", "{}")
    calls.keep_failing(operation, code, status=status)

    lambda_handler(cloudformation.event("Delete"), run())
    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 2}, run())

    assert held(iam, stack, users) == 0
    assert [answer["Reason"] for answer in cloudformation.answers] == ["Everybody is released"]


def test_the_last_run_answers_although_somebody_is_left_and_tells_ops_whom(
    stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    calls.fail("DetachUserPolicy", "AccessDenied", status=403)

    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 15}, run())

    [answer] = cloudformation.answers
    assert (answer["Status"], answer["Reason"]) == ("SUCCESS", "1 could not be released; the log says why")
    assert "user0" in stack.ops.read()


def test_the_last_run_answers_although_not_everybody_could_be_looked_up(
    stack: Stack, users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    """What could not be read is not taken for released: CloudFormation and ops are told so."""
    calls.fail("ListEntitiesForPolicy", "AccessDenied", status=403, times=3)

    lambda_handler({**cloudformation.event("Delete"), "MfaEnforcerRun": 15}, run())

    assert [answer["Reason"] for answer in cloudformation.answers] == [
        "Not everybody could be looked up; the log says why"
    ]
    assert "there may be more" in stack.ops.read()


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("NoSuchEntity", 404)])
def test_detaches_everybody_although_the_group_cannot_be_read(
    iam: "IAMClient",
    stack: Stack,
    users: list[str],
    cloudformation: CloudFormation,
    calls: Calls,
    code: str,
    status: int,
) -> None:
    """A group that was deleted or moved, of which IAM may say AccessDenied, keeps nobody from being detached."""
    calls.answer("Invoke", "{}")
    calls.fail("GetGroup", code, status=status, times=2)

    lambda_handler(cloudformation.event("Delete"), run())

    assert [attached(iam, name) for name in users[:3]] == [[], [], []]


def test_one_timeout_keeps_nobody_else_from_being_released(
    iam: "IAMClient", users: list[str], cloudformation: CloudFormation, calls: Calls
) -> None:
    """A call that comes to no answer is left to the next run, and the others are released in this one."""
    calls.answer("Invoke", "{}")
    calls.break_off("DetachUserPolicy", ReadTimeoutError(endpoint_url="https://iam.amazonaws.com"))

    lambda_handler(cloudformation.event("Delete"), run())

    assert sum(bool(attached(iam, name)) for name in users) <= 1


def test_names_whose_permissions_boundary_the_policy_is_and_runs_once(
    stack: Stack, cloudformation: CloudFormation, calls: Calls
) -> None:
    """A boundary is somebody's decision, and IAM keeps the policy for as long as it is one: ops are told whose."""
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


def test_an_answer_is_given_whatever_happens(
    cloudformation: CloudFormation, users: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLICY_ARN")

    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Status"] for answer in cloudformation.answers] == ["SUCCESS"]


def test_a_stack_whose_policy_and_group_are_gone_already_has_nobody_to_free(
    iam: "IAMClient", stack: Stack, cloudformation: CloudFormation
) -> None:
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    iam.delete_policy(PolicyArn=stack.policy_arn)
    boto3.client("iam").delete_group(GroupName=stack.group)

    lambda_handler(cloudformation.event("Delete"), run())

    assert [answer["Reason"] for answer in cloudformation.answers] == ["Everybody is released"]


def test_an_answer_is_tried_three_times(cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 2

    lambda_handler(cloudformation.event("Create"), run())

    assert len(cloudformation.answers) == 1
