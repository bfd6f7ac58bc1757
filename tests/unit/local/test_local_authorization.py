"""The local cloud judges calls to IAM by the resource and the condition keys that IAM uses."""

from urllib.parse import urlencode

import pytest

from local.server.authorization import conditions_of, resource_of

ACCOUNT = "111122223333"
PREFIX = f"arn:aws:iam::{ACCOUNT}"
KNOWN = {
    ("user", "bob"): f"{PREFIX}:user/engineering/bob",
    ("group", "enforced"): f"{PREFIX}:group/mfa-enforcer/enforced",
}


@pytest.mark.parametrize(
    ("action", "form", "resource"),
    [
        ("iam:AttachUserPolicy", {"UserName": "bob", "PolicyArn": "arn"}, f"{PREFIX}:user/engineering/bob"),
        ("iam:AddUserToGroup", {"UserName": "bob", "GroupName": "enforced"}, f"{PREFIX}:group/mfa-enforcer/enforced"),
        ("iam:GetGroup", {"GroupName": "enforced"}, f"{PREFIX}:group/mfa-enforcer/enforced"),
        ("iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": "bob"}, f"{PREFIX}:mfa/bob"),
        ("iam:CreateVirtualMFADevice", {"Path": "/x/", "VirtualMFADeviceName": "bob"}, f"{PREFIX}:mfa/x/bob"),
        ("iam:DeleteVirtualMFADevice", {"SerialNumber": f"{PREFIX}:mfa/bob"}, f"{PREFIX}:mfa/bob"),
        ("iam:GetUser", {"UserName": "nobody"}, None),
        ("iam:ListUsers", {}, None),
    ],
)
def test_resource(action: str, form: dict[str, str], resource: str | None) -> None:
    """A call has the resource that IAM uses."""
    arn = resource_of(action, urlencode(form).encode(), ACCOUNT, lambda kind, name: KNOWN.get((kind, name)))

    assert arn == resource


def test_policy_condition() -> None:
    """Attachments and detachments have the condition key of the policy."""
    body = urlencode({"UserName": "bob", "PolicyArn": f"{PREFIX}:policy/mfa-enforcer/mfa-control"}).encode()

    assert conditions_of("iam", body) == {"iam:PolicyARN": f"{PREFIX}:policy/mfa-enforcer/mfa-control"}


def test_sender_condition() -> None:
    """Mail has the condition key of the sender's bare address."""
    body = b'{"FromEmailAddress": "Operations <ops@example.com>", "Destination": {}}'

    assert conditions_of("ses", body) == {"ses:FromAddress": "ops@example.com"}


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}"])
def test_no_sender(body: bytes) -> None:
    """Other calls to SES have no sender."""
    assert conditions_of("ses", body) == {}
