"""Properties of the policy that apply to every user, not only to those in the table."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from local.referee import Referee, Request, caller
from tests.policy.truth_table import Profile, grant

ACCOUNT = "arn:aws:iam::111122223333"
ADMINISTRATOR = grant("AdministratorAccess")

# IAM's rules for names and paths ("IAM and AWS STS quotas, name requirements"). A path may also contain "*" and "?",
# which the referee reads as wildcards of the request.
names = st.text("abcABC019_+=,.@-", min_size=1, max_size=64)
paths = st.lists(st.text("abz09_+=,.@-!$&", min_size=1, max_size=12), max_size=4).map(
    lambda parts: "/".join(["", *parts, ""])
)
without_mfa = st.sampled_from([{}, {"aws:MultiFactorAuthPresent": "false"}])
profiles = st.builds(
    lambda password, keys, cleanup: Profile(
        "aws",
        (("access_key_enrolment", keys), ("device_cleanup", cleanup), ("first_password_change", password)),
    ),
    st.sampled_from(["on", "off"]),
    st.sampled_from(["on", "off"]),
    st.sampled_from(["any", "own"]),
)
on_users = st.sampled_from(
    [f"iam:{name}" for name in ("DeactivateMFADevice", "EnableMFADevice", "GetMFADevice", "GetUser", "ResyncMFADevice")]
)
on_anything = st.sampled_from(
    [
        ("s3:GetObject", "arn:aws:s3:::reports/today.csv"),
        ("iam:CreateUser", f"{ACCOUNT}:user/new"),
        ("iam:DeactivateMFADevice", f"{ACCOUNT}:user/bob"),
        ("iam:DeleteVirtualMFADevice", f"{ACCOUNT}:mfa/bob"),
        ("iam:ListUsers", "*"),
        ("sts:AssumeRole", f"{ACCOUNT}:role/deploy"),
        ("signin:CreateOAuth2Token", "arn:aws:signin:us-east-1:111122223333:oauth2/public-client/localhost"),
    ]
)

# One process answers all examples.
with_referee = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def request(name: str, path: str, action: str, resource: str, mfa: dict[str, str]) -> Request:
    principal = f"{ACCOUNT}:user{path}{name}"
    return Request(principal, action, resource, {**mfa, "aws:ViaAWSService": "false", **caller(principal, name)})


@with_referee
@given(name=names, path=paths, other=names, elsewhere=paths, action=on_users, mfa=without_mfa, profile=profiles)
def test_others_without_mfa(
    name: str,
    path: str,
    other: str,
    elsewhere: str,
    action: str,
    mfa: dict[str, str],
    profile: Profile,
    referee: Referee,
) -> None:
    """Without MFA nobody can change another user."""
    assume(name.casefold() != other.casefold())
    asked = request(name, path, action, f"{ACCOUNT}:user{elsewhere}{other}", mfa)

    assert referee.judge([profile.policy(), ADMINISTRATOR], asked) == "deny"


@with_referee
@given(name=names, path=paths, affix=names, action=on_users, profile=profiles)
def test_similar_names(name: str, path: str, affix: str, action: str, profile: Profile, referee: Referee) -> None:
    """A user whose name contains mine is another user, even with MFA."""
    mfa = {"aws:MultiFactorAuthPresent": "true"}

    for other in (name + affix, affix + name, f"{name}/{affix}"):
        asked = request(name, path, action, f"{ACCOUNT}:user{path}{other}", mfa)
        assume(not asked.resource.endswith(f"/{name}"))
        assert referee.judge([profile.policy()], asked) == "deny"


@with_referee
@given(name=names, path=paths, asked=on_anything, profile=profiles)
def test_with_mfa(name: str, path: str, asked: tuple[str, str], profile: Profile, referee: Referee) -> None:
    """With MFA the policy denies nothing."""
    mfa = {"aws:MultiFactorAuthPresent": "true"}

    assert referee.judge([profile.policy(), ADMINISTRATOR], request(name, path, *asked, mfa)) == "allow"


@with_referee
@given(name=names, path=paths, asked=on_anything, mfa=without_mfa, profile=profiles)
def test_without_mfa(
    name: str, path: str, asked: tuple[str, str], mfa: dict[str, str], profile: Profile, referee: Referee
) -> None:
    """Without MFA the policy allows only the enrolment."""
    assume(name.casefold() != "bob")

    assert referee.judge([profile.policy(), ADMINISTRATOR], request(name, path, *asked, mfa)) == "deny"


@with_referee
@given(name=names, path=paths, device=names, profile=profiles)
@pytest.mark.parametrize("grants", [[], [ADMINISTRATOR]], ids=["no permissions", "administrator"])
def test_enrolment_in_console(
    grants: list[dict[str, object]], name: str, path: str, device: str, profile: Profile, referee: Referee
) -> None:
    """Every user can enrol in the console."""
    mfa = {"aws:MultiFactorAuthPresent": "false"}
    steps = {
        "iam:CreateVirtualMFADevice": f"{ACCOUNT}:mfa/{device}",
        "iam:EnableMFADevice": f"{ACCOUNT}:user{path}{name}",
        "iam:ListMFADevices": f"{ACCOUNT}:user{path}{name}",
    }

    for action, resource in steps.items():
        asked = request(name, path, action, resource, mfa)
        assert referee.judge([profile.policy(), *grants], asked) == "allow"
