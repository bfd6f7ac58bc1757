"""Functions accept every parameter value that the template accepts; the template refuses the others."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import enforce.settings
import notify.settings
import reconcile.settings
import release.settings
import remind.settings
from domain.contact.languages import Language
from domain.input.settings import InvalidSetting, moment
from domain.reminders.cadence import Cadence
from tests.template import Template

PARAMETERS: Mapping[str, Mapping[str, Any]] = Template().source["Parameters"]
READERS: Mapping[str, Any] = {
    "EnforceFunction": enforce.settings.Settings,
    "NotifyFunction": notify.settings.Settings,
    "ReconcileFunction": reconcile.settings.Settings,
    "ReleaseFunction": release.settings.Settings,
    "RemindFunction": remind.settings.Settings,
}
WHOLE_NUMBERS = {
    "ChangeDelaySeconds": range(901),
    "EnrolmentWindowDays": range(366),
    "MaxAttachmentsPerDay": range(101),
    "EscalateAfterDays": range(1, 3651),
    "ReportRetentionDays": range(30, 3651),
}


def environment(function: str, **parameters: str) -> dict[str, str]:
    """Return a function's environment, with the names of resources filled in."""
    template = Template(**parameters)
    variables = template.render(
        {
            **template.source["Globals"]["Function"]["Environment"]["Variables"],
            **template.source["Resources"][function]["Properties"]["Environment"]["Variables"],
        }
    )
    name = parameters.get("PolicyName", "mfa-control")
    arn = f"arn:aws:iam::111122223333:policy/mfa-enforcer/{name}"
    return {key: str(value).replace("${EnforcementPolicy}", arn) for key, value in variables.items()}


def takes(parameter: str, value: str) -> bool:
    """Return whether CloudFormation accepts a value: a pattern must match all of it ("Parameters", User Guide)."""
    about = PARAMETERS[parameter]
    return re.fullmatch(about["AllowedPattern"], value, re.ASCII) is not None and about.get("MinLength", 0) <= len(
        value
    ) <= about.get("MaxLength", 4096)


def values_of(parameter: str) -> st.SearchStrategy[str]:
    about = PARAMETERS[parameter]
    if "AllowedValues" in about:
        return st.sampled_from([str(value) for value in about["AllowedValues"]])
    if "AllowedPattern" not in about:
        return st.integers(about["MinValue"], about["MaxValue"]).map(str)
    if parameter == "ReminderTimeZone":
        # The schedule refuses a value that fits the pattern and is not a time zone ("ScheduleExpressionTimezone").
        return st.sampled_from(sorted(available_timezones())).filter(lambda zone: takes(parameter, zone))
    pattern = re.compile(about["AllowedPattern"].removeprefix("^").removesuffix("$"), re.ASCII)
    return st.from_regex(pattern, fullmatch=True).filter(lambda value: takes(parameter, value))


@given(st.fixed_dictionaries({parameter: values_of(parameter) for parameter in PARAMETERS}))
def test_accepted_values(parameters: dict[str, str]) -> None:
    """No function refuses a value that the template accepts."""
    for function, settings in READERS.items():
        settings.from_environment(environment(function, **parameters))


def test_no_number_type() -> None:
    """No function reads a parameter of the type Number, because that also accepts 1.5."""
    numbers = {name for name, about in PARAMETERS.items() if about["Type"] == "Number"}
    flags = {name: f"<{name}>" for name in numbers}

    for function in READERS:
        assert not set(flags.values()) & set(environment(function, **flags).values())


@pytest.mark.parametrize(("parameter", "numbers"), WHOLE_NUMBERS.items(), ids=WHOLE_NUMBERS)
def test_whole_numbers(parameter: str, numbers: range) -> None:
    """Only a whole number within its bounds is accepted."""
    assert [number for number in range(5000) if takes(parameter, str(number))] == list(numbers)
    assert not any(
        takes(parameter, value) for value in ("", "-1", "+7", "1.5", "7.0", "1e2", "\N{FULLWIDTH DIGIT SEVEN}")
    )


@pytest.mark.parametrize(
    "domain", ["example.c", "example.123", "-example.com", "example-.com", "10.0.0.1", "a..com", "com"]
)
def test_invalid_domain(domain: str) -> None:
    """A value that is not the domain of an address is refused."""
    assert not takes("DefaultEmailDomain", domain)
    assert not takes("AllowedEmailDomains", domain)
    assert not takes("AllowedEmailDomains", f"example.com,{domain}")
    assert not takes("SenderEmail", f"mfa@{domain}")


@pytest.mark.parametrize("local", ["", ".mfa", "mfa.", "m..fa", "m fa", "a" * 65])
def test_invalid_sender(local: str) -> None:
    """A sender that is not a plain address is refused."""
    assert takes("SenderEmail", f"{'a' * 64}@mail.example.com")
    assert not takes("SenderEmail", f"{local}@example.com")


@pytest.mark.parametrize("days", ["14,3,0,7,1", "0,1,3,7,14,14", "00,01,3,7,014"])
def test_reminder_days(days: str) -> None:
    """The days of reminders are read in any order and without duplicates."""
    assert takes("ReminderDays", days)
    settings = remind.settings.Settings.from_environment(environment("RemindFunction", ReminderDays=days))

    assert settings.cadence == Cadence((0, 1, 3, 7, 14), 14)


def test_default_language() -> None:
    """Each language in which there are mails can be the default."""
    assert PARAMETERS["DefaultLanguage"]["AllowedValues"] == list(Language), "AllowedValues of DefaultLanguage"


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_metadata(name: str) -> None:
    """Every parameter has a description, a constraint and a group."""
    parameter = PARAMETERS[name]
    groups = Template().source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert parameter["Description"]
    assert "Default" in parameter, "a first deployment needs no choice"
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & parameter.keys()
    assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter
    assert sum(name in group["Parameters"] for group in groups) == 1


@given(
    day=st.tuples(st.integers(1990, 2110), st.integers(0, 13), st.integers(0, 32)),
    time=st.none() | st.tuples(st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)),
)
@example(day=(2028, 2, 29), time=None)
@example(day=(2027, 2, 29), time=None)
@example(day=(2026, 11, 31), time=None)
@example(day=(2026, 11, 24), time=(24, 0, 0))
def test_existing_users_since(day: tuple[int, int, int], time: tuple[int, int, int] | None) -> None:
    """Only days and times that exist are accepted, because a function with invalid settings does nothing."""
    text = "{:04}-{:02}-{:02}".format(*day) + ("T{:02}:{:02}:{:02}Z".format(*time) if time else "")
    pattern = PARAMETERS["ExistingUsersSince"]["AllowedPattern"]

    assert bool(re.search(pattern, text)) == (2000 <= day[0] < 2100 and exists(text))


def exists(text: str) -> bool:
    try:
        return moment({"SINCE": text}, "SINCE") is not None
    except InvalidSetting:
        return False
