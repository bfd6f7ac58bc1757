"""The resource and condition keys of requests to IAM and SES, which MiniStack's permission check lacks.

MiniStack (AUTH=true) allows a function only what its role allows. But it ignores the paths of users, treats calls that
name a user and a group as calls on the user, and sets no condition keys of these services. The rules here are those of
"Actions, resources, and condition keys for AWS Identity and Access Management (IAM)" and of the page for SES.
"""

import json
from collections.abc import Callable
from email.utils import parseaddr
from urllib.parse import parse_qsl

# Calls whose resource is the group although they also name a user.
_ON_GROUPS = ("iam:AddUserToGroup", "iam:RemoveUserFromGroup")

# Finds the ARN of a user or a group by its kind and name.
type FindArn = Callable[[str, str], str | None]


def resource_of(action: str, body: bytes, account: str, find: FindArn) -> str | None:
    """Return the ARN that a call to IAM is judged against, None if MiniStack's own is right."""
    form = _form(body)
    group, user = form.get("GroupName", ""), form.get("UserName", "")
    if action == "iam:CreateVirtualMFADevice":
        return f"arn:aws:iam::{account}:mfa{form.get('Path', '/')}{form.get('VirtualMFADeviceName', '')}"
    if action == "iam:DeleteVirtualMFADevice":
        return form.get("SerialNumber")
    if group and (action in _ON_GROUPS or not user):
        return find("group", group)
    return find("user", user)


def action_of(action: str) -> str:
    """Return the action that a policy must allow: for a batch call, SQS checks the single action."""
    return action.removesuffix("Batch") if action.startswith("sqs:") else action


def identity_of(body: bytes, region: str, account: str) -> str | None:
    """Return the ARN of the identity that sends the mail, None if the call to SES sends none."""
    sender = _sender(body)
    return f"arn:aws:ses:{region}:{account}:identity/{sender}" if sender else None


def conditions_of(service: str, body: bytes) -> dict[str, str]:
    """Return the condition keys of a call."""
    if service == "iam" and (policy := _form(body).get("PolicyArn")):
        return {"iam:PolicyARN": policy}
    if service in {"ses", "sesv2"} and (sender := _sender(body)):
        return {"ses:FromAddress": sender}
    return {}


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _sender(body: bytes) -> str:
    """Return the bare address: the display name is not compared."""
    try:
        return parseaddr(json.loads(body)["FromEmailAddress"])[1]
    except (ValueError, KeyError, TypeError):
        return ""
