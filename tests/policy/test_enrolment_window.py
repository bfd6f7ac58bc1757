"""The table in both states of a user with an enrolment window."""

from dataclasses import replace

import pytest

from local.referee import Policy, Referee
from tests.policy.truth_table import Case, Profile, cases

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
