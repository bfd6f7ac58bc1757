"""The enforce handler on a changed policy or group: the notice to ops."""

import json

import pytest

from enforce.handler import lambda_handler
from tests.integration.conftest import Calls, batch
from tests.integration.deployment import Context, Stack
from tests.integration.enforce.conftest import ReadText


@pytest.mark.parametrize(
    ("event", "advice"),
    [
        ("create_policy_version", "set-default-policy-version"),
        ("set_default_policy_version", "--version-id v1"),
        ("delete_policy", "Deploy with another PolicyName"),
        ("detach_group_policy", "attaches the policy to the group again"),
        ("delete_group", "no longer enforced"),
    ],
)
def test_names_the_caller_and_the_remedy(
    stack: Stack, calls: Calls, context: Context, event_text: ReadText, event: str, advice: str
) -> None:
    """The notice about a changed policy or group names call, caller, time, source address and remedy."""
    call = json.loads(event_text(event))["detail"]["eventName"]

    lambda_handler(batch(event_text(event), event_text(event)), context)

    notice = stack.ops.read()
    for part in (call, "user/admin-jane", "2026-11-24 09:15:02 UTC", "203.0.113.24"):
        assert part in notice
    assert advice in " ".join(notice.split())
    assert calls.count("Publish") == 1


@pytest.mark.parametrize(
    ("request_parameters", "advice"),
    [
        ({"newGroupName": "mfa-old"}, "aws iam update-group --group-name mfa-old --new-group-name mfa-control"),
        ({"newPath": "/elsewhere/"}, "No action is needed"),
    ],
)
def test_updated_group(
    stack: Stack, context: Context, event_text: ReadText, request_parameters: dict[str, str], advice: str
) -> None:
    """A renamed or moved group keeps its members and its policies, and the notice says so."""
    event = json.loads(event_text("delete_group"))
    event["detail"].update(
        eventName="UpdateGroup", requestParameters={"groupName": "mfa-control", **request_parameters}
    )

    lambda_handler(batch(json.dumps(event)), context)

    notice = stack.ops.read()
    assert advice in notice
    assert "no longer enforced" not in notice
    assert "keeps its" in notice
