"""Functions run with whatever the template takes for a parameter; what they could not run with is refused by it."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

import enforce.settings
import notify.settings
import reconcile.settings
import release.settings
import remind.settings
from domain.contact.languages import Language
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
    "MaxAttachmentsPerDay": range(101),
    "EscalateAfterDays": range(1, 3651),
    "ReportRetentionDays": range(30, 3651),
}


def environment(function: str, **parameters: str) -> dict[str, str]:
    """Return what a function finds in its environment, the names of resources filled in."""
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
    """Tell whether CloudFormation takes a value: a pattern must match all of it ("Parameters", User Guide)."""
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
        # What the pattern takes and is no time zone, the schedule refuses ("ScheduleExpressionTimezone").
        return st.sampled_from(sorted(available_timezones())).filter(lambda zone: takes(parameter, zone))
    pattern = re.compile(about["AllowedPattern"].removeprefix("^").removesuffix("$"), re.ASCII)
    return st.from_regex(pattern, fullmatch=True).filter(lambda value: takes(parameter, value))


@given(st.fixed_dictionaries({parameter: values_of(parameter) for parameter in PARAMETERS}))
def test_functions_run_with_what_the_template_takes(parameters: dict[str, str]) -> None:
    """Whatever the template takes, no function refuses."""
    for function, settings in READERS.items():
        settings.from_environment(environment(function, **parameters))


def test_no_number_is_read_by_a_function() -> None:
    """A parameter of the type Number takes 1.5 as well, so no function reads one."""
    numbers = {name for name, about in PARAMETERS.items() if about["Type"] == "Number"}
    flags = {name: f"<{name}>" for name in numbers}

    for function in READERS:
        assert not set(flags.values()) & set(environment(function, **flags).values())


@pytest.mark.parametrize(("parameter", "numbers"), WHOLE_NUMBERS.items(), ids=WHOLE_NUMBERS)
def test_whole_numbers(parameter: str, numbers: range) -> None:
    """A whole number is taken within its bounds, and nothing else is."""
    assert [number for number in range(5000) if takes(parameter, str(number))] == list(numbers)
    assert not any(
        takes(parameter, value) for value in ("", "-1", "+7", "1.5", "7.0", "1e2", "\N{FULLWIDTH DIGIT SEVEN}")
    )


@pytest.mark.parametrize(
    "domain", ["example.c", "example.123", "-example.com", "example-.com", "10.0.0.1", "a..com", "com"]
)
def test_no_domain(domain: str) -> None:
    """What is no domain of an address is refused where one is asked for."""
    assert not takes("DefaultEmailDomain", domain)
    assert not takes("AllowedEmailDomains", domain)
    assert not takes("AllowedEmailDomains", f"example.com,{domain}")
    assert not takes("SenderEmail", f"mfa@{domain}")


@pytest.mark.parametrize("local", ["", ".mfa", "mfa.", "m..fa", "m fa", "a" * 65])
def test_no_sender(local: str) -> None:
    """What is no plain address is refused as the sender."""
    assert takes("SenderEmail", f"{'a' * 64}@mail.example.com")
    assert not takes("SenderEmail", f"{local}@example.com")


@pytest.mark.parametrize("days", ["14,3,0,7,1", "0,1,3,7,14,14", "00,01,3,7,014"])
def test_reminder_days_in_any_order(days: str) -> None:
    """The days of reminders are the same in whatever order they are given, and once each."""
    assert takes("ReminderDays", days)
    settings = remind.settings.Settings.from_environment(environment("RemindFunction", ReminderDays=days))

    assert settings.cadence == Cadence((0, 1, 3, 7, 14), 14)


def test_default_language() -> None:
    """Each language in which there are mails can be the default."""
    assert PARAMETERS["DefaultLanguage"]["AllowedValues"] == list(Language), "AllowedValues of DefaultLanguage"
