"""The local cloud judges calls to IAM by the resource and the condition keys that IAM takes."""

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
def test_a_call_is_about_the_resource_that_iam_takes(action: str, form: dict[str, str], resource: str | None) -> None:
    found = resource_of(action, urlencode(form).encode(), ACCOUNT, lambda kind, name: KNOWN.get((kind, name)))

    assert found == resource


def test_attaching_and_detaching_are_conditioned_on_the_policy() -> None:
    body = urlencode({"UserName": "bob", "PolicyArn": f"{PREFIX}:policy/mfa-enforcer/mfa-control"}).encode()

    assert conditions_of("iam", body) == {"iam:PolicyARN": f"{PREFIX}:policy/mfa-enforcer/mfa-control"}


def test_mail_is_conditioned_on_the_bare_address_of_the_sender() -> None:
    body = b'{"FromEmailAddress": "Operations <ops@example.com>", "Destination": {}}'

    assert conditions_of("ses", body) == {"ses:FromAddress": "ops@example.com"}


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}"])
def test_whatever_else_is_sent_to_ses_has_no_sender(body: bytes) -> None:
    assert conditions_of("ses", body) == {}
