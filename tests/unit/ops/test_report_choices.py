"""The choices that the report takes from the parameters of the stack, or from the defaults of the template."""

from dataclasses import replace

import pytest

from ops.report.gathering import choices_of
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
