"""The table in both states of a user with an enrolment window, and the rights to the tag that closes a user."""

from dataclasses import replace

import pytest

from local.referee import Policy, Referee, Request
from tests.policy.truth_table import Case, Profile, cases
from tests.template import Template

# Other cases are about the window already.
TABLE = [case for case in cases() if case.group != "enrolment-window" and not case.ignores_policies]
LEFT = {
    "signin:Authenticate",
    "signin:AuthorizeOAuth2Access",
    "signin:CreateOAuth2Token",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
}
CLOSED = {"aws:PrincipalTag/mfa-closed": "2026-12-05T09:00:12Z"}


def with_window(profile: Profile) -> Policy:
    return replace(profile, options=(*profile.options, ("enrolment_window", "on"))).policy()


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_open(case: Case, referee: Referee) -> None:
    """A user whose window is open is denied and allowed the same as without a limit."""
    assert case.verdict(referee, with_window(case.profile)) == case.expected


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_closed(case: Case, referee: Referee) -> None:
    """Without MFA a closed user can only sign in and exchange a code; with MFA nothing changes."""
    request = replace(case.request, context={**case.request.context, **CLOSED})
    with_mfa = request.context.get("aws:MultiFactorAuthPresent") == "true"
    expected = case.expected if with_mfa or request.action in LEFT else "deny"

    assert replace(case, request=request).verdict(referee, with_window(case.profile)) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["mfa-closed"], "allow"),
        (["mfa-closed", "mfa-exempt"], "deny"),
        (["mfa-exempt"], "deny"),
        (["mfa-window"], "deny"),
        (["email"], "deny"),
        ([], "deny"),
    ],
)
@pytest.mark.parametrize(("role", "action"), [("EnforceRole", "iam:TagUser"), ("ReleaseRole", "iam:UntagUser")])
def test_right_to_one_tag(role: str, action: str, keys: list[str], expected: str, referee: Referee) -> None:
    """The functions may set and remove the one tag, and no other tag beside it or without it."""
    policy = Template(EnrolmentWindowDays="14").resources[role]["Properties"]["Policies"][0]["PolicyDocument"]
    statements = [s for s in policy["Statement"] if action in s["Action"]]
    context = {
        "aws:PrincipalArn": f"arn:aws:iam::111122223333:role/{role}",
        "aws:PrincipalAccount": "111122223333",
        "aws:PrincipalType": "AssumedRole",
        **({"aws:TagKeys": keys} if keys else {}),
        **({f"aws:RequestTag/{key}": "x" for key in keys} if action == "iam:TagUser" else {}),
    }
    asked = Request(
        f"arn:aws:sts::111122223333:assumed-role/{role}/function",
        action,
        "arn:aws:iam::111122223333:user/team/alice",
        context,
    )

    assert referee.judge([{**policy, "Statement": statements}], asked) == expected
