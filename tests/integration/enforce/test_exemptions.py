"""The enforce handler on exempted users: the notice to ops, and the request to release the user."""

import json
from typing import TYPE_CHECKING

import pytest

from domain.enforcement.release_request import ReleaseRequest
from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, attached, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.enforce.conftest import ReadText, at_this_moment, tagged

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_requests_the_release(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """The policy stays on an exempt user until the release function handles the request that is sent."""
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt")), context)

    [request] = [ReleaseRequest.from_json(body) for body in stack.requests.take()]
    assert (request.user_id, request.user_name) == (alice, "alice")
    assert request.after is not None
    assert request.after.caller == "arn:aws:iam::111122223333:user/admin-jane"
    assert attached(iam, "alice") == ["mfa-control"]
    assert not {"DetachUserPolicy", "RemoveUserFromGroup"} & set(calls)


@pytest.mark.parametrize("covered", [True, False])
@pytest.mark.parametrize("renamed", [True, False])
def test_names_the_caller_who_exempts(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText, covered: bool, renamed: bool
) -> None:
    """An exempting tag is reported once with its caller, even if the user lost the policy or was renamed."""
    iam.create_user(UserName="alice")
    if covered:
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    if renamed:
        iam.update_user(UserName="alice", NewUserName="robot")
    event = at_this_moment(event_text("tag_user_exempt"))

    for _ in range(2):
        lambda_handler(batch(event), context)

    notice = stack.ops.read()
    assert "alice is now exempt from MFA" in notice
    assert "user/admin-jane" in notice
    assert bool(stack.requests.take()) == (covered and not renamed)


def test_move_under_an_exempt_path(iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText) -> None:
    """A move under an exempt path is reported as an exemption, with its caller."""
    event = json.loads(at_this_moment(event_text("update_user_path")))
    event["detail"]["requestParameters"]["newPath"] = "/service/ci/"
    iam.create_user(UserName="alice", Path="/service/ci/")

    lambda_handler(batch(json.dumps(event)), context)

    notice = stack.ops.read()
    assert "exempt by path (path /service/)" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_releases_without_the_topic(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """The release is requested even if the notice fails; the message returns until ops are notified."""
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    calls.fail("Publish", "AuthorizationError", status=403)

    first = failed(lambda_handler(batch(event_text("tag_user_exempt")), context)), len(stack.requests.take())
    second = failed(lambda_handler(batch(event_text("tag_user_exempt")), context))

    assert (first, second) == ((["m0"], 1), [])
    assert stack.ops.kinds() == ["exempted"]


def test_lost_answer_of_the_table(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """A write whose answer is lost and that botocore repeats leads to one notice and one count."""
    tagged(iam)
    calls.lose_answer("PutItem")
    lambda_handler(batch(event_text("tag_user_exempt")), context)
    iam.untag_user(UserName="alice", TagKeys=["mfa-exempt"])
    calls.lose_answer("UpdateItem")
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    items = stack.flags.all()
    assert stack.ops.kinds() == ["exempted"]
    assert [item["times"]["N"] for item in items if item["kind"]["S"] == "attached"] == ["1"]


def test_exempt_user_without_the_policy(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    """An exempt user without the policy gets none, and no release is requested."""
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt"), event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])


def test_move_with_another_name(iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText) -> None:
    """A user who is renamed and moved under an exempt path at once is released by the new name."""
    iam.create_user(UserName="alice.smith", Path="/service/")
    iam.attach_user_policy(UserName="alice.smith", PolicyArn=stack.policy_arn)

    lambda_handler(batch(event_text("update_user_rename")), context)

    assert len(stack.requests.take()) == 1
