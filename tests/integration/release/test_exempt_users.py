"""The release handler on release requests: the policy and the group are taken from an exempt user."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.enforcement.release_request import ReleaseRequest
from release.handler import lambda_handler
from tests.integration.conftest import Calls, Log, attached, batch, failed, members
from tests.integration.deployment import Context, Stack
from tests.integration.release.conftest import TAGGED

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_detaches_only_the_policy(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """An exempt user loses the policy and the group of the stack, and nothing else."""
    request = ReleaseRequest(create_enforced("robot", reason="CI"), "robot", TAGGED)

    response = lambda_handler(batch(request.to_json()), context)

    assert failed(response) == []
    assert attached(iam, "robot") == ["other"]
    assert (members(iam, stack.group), members(iam, "developers")) == ([], ["robot"])


def test_trusts_no_caller_in_a_request(
    stack: Stack, create_enforced: Callable[..., str], context: Context, log: Log
) -> None:
    """An unknown exemption is reported without the caller in the request, which may be forged."""
    request = ReleaseRequest(create_enforced("robot", reason="CI robot: keys only"), "robot", TAGGED)

    lambda_handler(batch(request.to_json(), request.to_json()), context)

    notice = stack.ops.read()
    assert "1 user is now exempt from MFA" in notice
    assert "CI robot: keys only" in notice
    assert "admin-jane" not in notice
    assert log.entry("User released")["reason"] == "CI robot: keys only"
    assert log.entry("User released")["correlation_id"] == TAGGED.event_id


def test_reported_exemption(stack: Stack, create_enforced: Callable[..., str], context: Context) -> None:
    """An exemption that its event has reported is not reported again."""
    robot = create_enforced("robot", reason="CI")
    stack.flags.put(kind={"S": "exempt"}, subject={"S": robot}, exemption={"S": "tag CI"})

    lambda_handler(batch(ReleaseRequest(robot, "robot", TAGGED).to_json()), context)

    assert stack.ops.kinds() == []


def test_outdated_requests(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """A request changes nothing if the exemption ended, another user has the name, or the user is deleted."""
    alice = create_enforced("alice")
    requests = [ReleaseRequest(alice, "alice"), ReleaseRequest("AIDAOLDER", "alice"), ReleaseRequest("AIDA", "gone")]

    response = lambda_handler(batch(*(request.to_json() for request in requests)), context)

    assert failed(response) == []
    assert attached(iam, "alice") == ["mfa-control", "other"]
    assert stack.ops.kinds() == []


def test_repeats_a_failed_notice(
    stack: Stack, create_enforced: Callable[..., str], calls: Calls, context: Context
) -> None:
    """An exemption that could not be reported is reported by the next try."""
    calls.fail("Publish", "AuthorizationError", status=403)
    messages = batch(ReleaseRequest(create_enforced("robot", reason="CI"), "robot", TAGGED).to_json())

    first, second = (failed(lambda_handler(messages, context)) for _ in range(2))

    assert (first, second) == (["m0"], [])
    assert stack.ops.kinds() == ["exempted"]


def test_request_of_a_sweep(
    iam: "IAMClient", stack: Stack, create_enforced: Callable[..., str], context: Context
) -> None:
    """A user that a sweep hands over is released without another notice."""
    lambda_handler(batch(ReleaseRequest(create_enforced("robot", reason="CI"), "robot").to_json()), context)

    assert attached(iam, "robot") == ["other"]
    assert stack.ops.kinds() == []
