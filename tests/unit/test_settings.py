"""A wrong environment stops the function at once, and the error names the variable and what was expected."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.input import settings
from domain.input.settings import InvalidSetting
from enforce.settings import Settings

ENVIRONMENT = {
    "POLICY_ARN": "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control",
    "POLICY_VERSION": "v1",
    "GROUP_NAME": "mfa-control",
    "ENFORCE_BY": "user",
    "EXISTING_USERS": "report",
    "EXISTING_USERS_SINCE": "",
    "MAX_ATTACHMENTS_PER_DAY": "3",
    "CHANGE_DELAY_SECONDS": "120",
    "MARKS_TABLE": "marks",
    "RELEASE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/requests",
    "MAIL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/mails",
    "PEOPLE_TABLE": "people",
    "ENROLMENT_WINDOW_DAYS": "0",
    "REMINDER_TIME_ZONE": "UTC",
    "OPS_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:ops",
    "DRY_RUN": "false",
    "EXEMPT_TAG_KEY": "mfa-exempt",
    "EXEMPT_PATHS": "/service/,/break-glass/",
}


def test_valid_environment() -> None:
    """A valid environment is read."""
    read = Settings.from_environment(ENVIRONMENT)

    assert read.policy_arn == ENVIRONMENT["POLICY_ARN"]
    assert read.exemptions.tag_key == "mfa-exempt"
    assert read.exemptions.paths == ("/service/", "/break-glass/")


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_missing_variable(name: str) -> None:
    """A missing variable is named."""
    environment = {key: value for key, value in ENVIRONMENT.items() if key != name}

    with pytest.raises(InvalidSetting, match=f"{name}: expected .*, it is not set"):
        Settings.from_environment(environment)


@pytest.mark.parametrize("arn", ["", "mfa-control", "arn:aws:iam::111122223333:role/mfa-control"])
def test_invalid_policy_arn(arn: str) -> None:
    """A value that is not a policy's ARN is refused."""
    with pytest.raises(InvalidSetting, match="POLICY_ARN: expected the ARN of a managed policy"):
        Settings.from_environment({**ENVIRONMENT, "POLICY_ARN": arn})


def test_invalid_choice() -> None:
    """A value that is not a choice is refused with the list of choices."""
    with pytest.raises(InvalidSetting, match="ENFORCE_BY: expected one of user, group, found 'role'"):
        Settings.from_environment({**ENVIRONMENT, "ENFORCE_BY": "role"})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", None),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T09:00:00Z", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        ("2026-11-24T09:00:00+09:00", datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
def test_time(value: str, read: datetime | None) -> None:
    """A time is read with its zone; the default is UTC."""
    assert settings.moment({"SINCE": value}, "SINCE") == read


@pytest.mark.parametrize("value", ["yesterday", " ", "24.11.2026"])
def test_invalid_time(value: str) -> None:
    """A value that is not a time is refused."""
    with pytest.raises(InvalidSetting, match="SINCE: expected a day or a time"):
        settings.moment({"SINCE": value}, "SINCE")


@pytest.mark.parametrize("value", ["", " ", ","])
def test_no_paths(value: str) -> None:
    """An empty list of paths exempts nobody."""
    assert settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS") == ()


@pytest.mark.parametrize("value", ["/", "service/", "/service", "/service/,/", "//", "/a//"])
def test_invalid_path(value: str) -> None:
    """A path that would exempt every user or nobody is refused."""
    with pytest.raises(InvalidSetting, match="EXEMPT_PATHS: expected path prefixes"):
        settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS")


@given(st.text(alphabet="/, ab", max_size=20))
def test_user_at_root_path(value: str) -> None:
    """No list of paths exempts a user at the root path."""
    try:
        paths = settings.paths({"EXEMPT_PATHS": value}, "EXEMPT_PATHS")
    except InvalidSetting:
        return

    assert not any("/".startswith(path) for path in paths)
