"""The settings of the functions that announce the day of existing users, and that enforce it."""

from datetime import timedelta

from domain.enforcement.dates import NO_DATES, DateRules, UnreachableUsers
from domain.input.settings import Environment, choice, day, moment, present, text, whole_number


def dates(environment: Environment, _: str) -> DateRules:
    """Return from which day existing users are enforced, from the variables that say so.

    If existing users are enforced at once, no day is left to wait for.
    """
    rules = DateRules(
        day=day(environment, "ENFORCE_EXISTING_USERS_FROM"),
        tag_key=present(environment, "ENFORCE_FROM_TAG_KEY", "a tag key, or nothing"),
        notice=timedelta(days=whole_number(environment, "NOTICE_DAYS")),
        unreachable=choice(environment, "UNREACHABLE_USERS", UnreachableUsers),
        since=moment(environment, "EXISTING_USERS_SINCE"),
    )
    at_once = text(environment, "EXISTING_USERS", "report or enforce") == "enforce"
    return NO_DATES if at_once else rules
