"""The settings of this function."""

from dataclasses import dataclass

from domain.enrolment.settings import window
from domain.enrolment.window import WindowRules
from domain.input.settings import EnforcementSettings, setting


@dataclass(frozen=True, slots=True)
class Settings(EnforcementSettings):
    """The environment of `release`."""

    window: WindowRules = setting(window)
