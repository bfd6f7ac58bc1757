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


def test_an_exempt_user_who_is_held_is_asked_to_be_released_and_nothing_is_detached_here(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt")), context)

    [request] = [ReleaseRequest.from_json(body) for body in stack.requests.take()]
    assert (request.user_id, request.user_name) == (alice, "alice")
    assert request.after is not None
    assert request.after.caller == "arn:aws:iam::111122223333:user/admin-jane"
    assert attached(iam, "alice") == ["mfa-control"]
    assert not {"DetachUserPolicy", "RemoveUserFromGroup"} & set(calls)


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_tells_ops_who_exempted_a_user_whether_or_not_the_policy_is_on_the_user(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText, held: bool, gone: bool
) -> None:
    """A tag that exempts is told to ops once, with the caller, though the policy was detached or the user renamed."""
    iam.create_user(UserName="alice")
    if held:
        iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    if gone:
        iam.update_user(UserName="alice", NewUserName="robot")
    event = at_this_moment(event_text("tag_user_exempt"))

    for _ in range(2):
        lambda_handler(batch(event), context)

    notice = stack.ops.read()
    assert "alice is exempt from MFA now" in notice
    assert "user/admin-jane" in notice
    assert bool(stack.requests.take()) == (held and not gone)


def test_tells_ops_who_moved_a_user_under_an_exempt_path(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    """A move under an exempt path exempts a user as a tag does."""
    event = json.loads(at_this_moment(event_text("update_user_path")))
    event["detail"]["requestParameters"]["newPath"] = "/service/ci/"
    iam.create_user(UserName="alice", Path="/service/ci/")

    lambda_handler(batch(json.dumps(event)), context)

    notice = stack.ops.read()
    assert "exempt by path (path /service/)" in " ".join(notice.split())
    assert "user/admin-jane" in notice


def test_asks_for_the_release_although_ops_cannot_be_told(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """An exempt user is released although the topic does not answer; the message comes back until ops are told."""
    iam.attach_user_policy(UserName="alice", PolicyArn=stack.policy_arn)
    tagged(iam)
    calls.fail("Publish", "AuthorizationError", status=403)

    first = failed(lambda_handler(batch(event_text("tag_user_exempt")), context)), len(stack.requests.take())
    second = failed(lambda_handler(batch(event_text("tag_user_exempt")), context))

    assert (first, second) == ((["m0"], 1), [])
    assert stack.ops.kinds() == ["exempted"]


def test_a_lost_answer_of_the_table_loses_no_notice_and_counts_once(
    iam: "IAMClient", stack: Stack, alice: str, calls: Calls, context: Context, event_text: ReadText
) -> None:
    """DynamoDB's answer to a write may be lost: botocore then writes again, and ops are told and counted as before."""
    tagged(iam)
    calls.lose_answer("PutItem")
    lambda_handler(batch(event_text("tag_user_exempt")), context)
    iam.untag_user(UserName="alice", TagKeys=["mfa-exempt"])
    calls.lose_answer("UpdateItem")
    lambda_handler(batch(event_text("untag_user_exempt")), context)

    items = stack.flags.all()
    assert stack.ops.kinds() == ["exempted"]
    assert [item["times"]["N"] for item in items if item["kind"]["S"] == "attached"] == ["1"]


def test_an_exempt_user_who_is_free_is_left_alone(
    iam: "IAMClient", stack: Stack, alice: str, context: Context, event_text: ReadText
) -> None:
    tagged(iam)

    lambda_handler(batch(event_text("tag_user_exempt"), event_text("detach_user_policy")), context)

    assert (attached(iam, "alice"), stack.requests.take()) == ([], [])


def test_a_user_who_moved_under_an_exempt_path_by_another_name_is_found(
    iam: "IAMClient", stack: Stack, context: Context, event_text: ReadText
) -> None:
    iam.create_user(UserName="alice.smith", Path="/service/")
    iam.attach_user_policy(UserName="alice.smith", PolicyArn=stack.policy_arn)

    lambda_handler(batch(event_text("update_user_rename")), context)

    assert len(stack.requests.take()) == 1
