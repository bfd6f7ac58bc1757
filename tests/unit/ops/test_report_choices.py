"""The choices that the report takes from the parameters of the stack, or from the defaults of the template."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.enforcement.dates import NO_DATES, DateRules, UnreachableUsers
from ops.report.gathering import choices_of, dates_of
from tests.template import Template
from tests.unit.ops.doctor_facts import STACK

DEFAULTS = {name: str(about.get("Default", "")) for name, about in Template().source["Parameters"].items()}


def test_defaults_are_the_templates() -> None:
    """Without a stack the report makes the choices of a stack that was deployed with every default."""
    deployed = replace(STACK, parameters=DEFAULTS, resources=[])

    assert choices_of(None) == choices_of(deployed)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("ExemptByTag", "false"),
        ("ExemptTagKey", "no-mfa"),
        ("ExemptPaths", "/service/"),
        ("EscalateAfterDays", "7"),
        ("ReminderTimeZone", "Asia/Tokyo"),
    ],
)
def test_parameters_are_choices(parameter: str, value: str) -> None:
    """Each of these parameters of the stack changes the choices."""
    assert DEFAULTS[parameter] != value
    assert choices_of(replace(STACK, parameters={parameter: value})) != choices_of(replace(STACK, parameters={}))


DAYS = {
    "ExistingUsers": "report",
    "EnforceExistingUsersFrom": "2027-01-15",
    "EnforceFromTagKey": "mfa-from",
    "NoticeDays": "14",
    "UnreachableUsers": "wait",
}


def test_dates() -> None:
    """The report takes the day of existing users from the parameters that the functions take it from."""
    rules = DateRules(date(2027, 1, 15), "mfa-from", timedelta(days=14), UnreachableUsers.WAIT)

    assert dates_of(replace(STACK, parameters=DAYS)) == rules
    assert dates_of(replace(STACK, parameters={**DAYS, "ExistingUsers": "enforce"})) == NO_DATES


def test_no_dates() -> None:
    """Without a stack, and with a stack of an earlier release, nobody has a day."""
    assert dates_of(None) == dates_of(replace(STACK, parameters={"ExistingUsers": "report"})) == NO_DATES
