"""What ops chose about the enrolment window, as the functions that close and reopen users read it."""

from domain.enrolment.window import WindowRules
from domain.input.settings import Environment, time_zone, whole_number


def window(environment: Environment, _: str) -> WindowRules:
    """Return how many days a user has to enrol, from the variables that say so."""
    return WindowRules(whole_number(environment, "ENROLMENT_WINDOW_DAYS"), time_zone(environment, "REMINDER_TIME_ZONE"))
