"""A wrong environment stops the function at once, and the error says which variable and what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import settings
from domain.settings import InvalidSetting
from enforce.settings import Settings

ENVIRONMENT = {
    "POLICY_ARN": "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control",
    "EXEMPT_TAG_KEY": "mfa-exempt",
    "EXEMPT_PATHS": "/service/,/break-glass/",
}


def test_a_right_environment_is_read() -> None:
    read = Settings.from_environment(ENVIRONMENT)

    assert read.policy_arn == ENVIRONMENT["POLICY_ARN"]
    assert read.exemptions.tag_key == "mfa-exempt"
    assert read.exemptions.paths == ("/service/", "/break-glass/")


@pytest.mark.parametrize("name", ["POLICY_ARN", "EXEMPT_TAG_KEY", "EXEMPT_PATHS"])
def test_a_missing_variable_is_named(name: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}

    with pytest.raises(InvalidSetting, match=f"{name}: expected .*, it is not set"):
        Settings.from_environment(environment)


@pytest.mark.parametrize("arn", ["", "mfa-control", "arn:aws:iam::111122223333:role/mfa-control"])
def test_what_is_no_policy_arn_is_refused(arn: str) -> None:
    with pytest.raises(InvalidSetting, match="POLICY_ARN: expected the ARN of a managed policy"):
        Settings.from_environment({**ENVIRONMENT, "POLICY_ARN": arn})


@pytest.mark.parametrize("value", ["", " ", ","])
def test_an_empty_list_of_paths_exempts_nobody(value: str) -> None:
    assert settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS") == ()


@pytest.mark.parametrize("value", ["/", "service/", "/service", "/service/,/", "//", "/a//"])
def test_a_path_that_would_exempt_everybody_or_nobody_is_refused(value: str) -> None:
    with pytest.raises(InvalidSetting, match="EXEMPT_PATHS: expected path prefixes"):
        settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS")


@given(st.text(alphabet="/, ab", max_size=20))
def test_no_list_of_paths_whatever_its_text_reaches_a_user_at_the_root(value: str) -> None:
    try:
        paths = settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS")
    except InvalidSetting:
        return

    assert not any("/".startswith(path) for path in paths)
