"""Who is exempt, until when, and that nobody else is."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exemptions import ExemptBy, Exemption, ExemptionRules
from domain.users import User

TODAY = date(2026, 11, 24)
CREATED = datetime(2026, 11, 1, tzinfo=UTC)
RULES = ExemptionRules(tag_key="mfa-exempt", paths=("/service/",))


def user(path: str = "/", **tags: str) -> User:
    return User(
        "alice", "AIDAEXAMPLEALICE", path, {key.replace("_", "-"): value for key, value in tags.items()}, CREATED
    )


def test_a_user_without_the_tag_and_outside_the_paths_is_not_exempt() -> None:
    assert RULES.exemption_of(user(team="platform"), TODAY) is None


def test_any_words_in_the_tag_exempt_for_that_reason_without_an_end() -> None:
    exemption = RULES.exemption_of(user(mfa_exempt="CI robot, keys only"), TODAY)

    assert exemption == Exemption(ExemptBy.TAG, "CI robot, keys only", until=None)


@pytest.mark.parametrize(
    "value",
    ["2026-11-31", "2026-1-5", "31.12.2026", "12/31/26", "2026/12/31", "2026-12", "20261301", "2026-12-31T09:00:00Z"],
)
def test_a_value_that_is_meant_for_a_date_and_is_none_exempts_nobody_and_is_named(value: str) -> None:
    mistyped = user(mfa_exempt=value)

    assert RULES.exemption_of(mistyped, TODAY) is None
    assert RULES.malformed(mistyped) == value


@pytest.mark.parametrize(
    "value", ["", "CI robot since 2026-11-31", "OPS-4711", "4711", "12345678", "1234-12", "2026-12-31", "until May"]
)
def test_words_numbers_and_dates_are_not_malformed(value: str) -> None:
    assert RULES.malformed(user(mfa_exempt=value)) is None


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_an_empty_tag_exempts_nobody(value: str) -> None:
    assert RULES.exemption_of(user(mfa_exempt=value), TODAY) is None


@given(days=st.integers(-5000, 5000))
def test_a_date_in_the_tag_exempts_until_that_day_inclusive(days: int) -> None:
    last_day = TODAY + timedelta(days=days)

    exemption = RULES.exemption_of(user(mfa_exempt=last_day.isoformat()), TODAY)

    assert (exemption is not None) == (days >= 0)
    assert exemption is None or exemption.until == last_day


def test_the_case_of_the_tag_key_does_not_matter_as_it_does_not_to_iam() -> None:
    assert RULES.exemption_of(user(MFA_Exempt="robot"), TODAY) is not None


def test_an_empty_tag_key_switches_exemption_by_tag_off() -> None:
    rules = ExemptionRules(tag_key="", paths=())
    nameless = User("alice", "AIDAEXAMPLEALICE", "/", {"": "robot", "mfa-exempt": "robot"}, CREATED)

    assert rules.exemption_of(nameless, TODAY) is None


@pytest.mark.parametrize("path", ["/service/", "/service/build/"])
def test_a_path_exempts_whoever_is_under_it(path: str) -> None:
    assert RULES.exemption_of(user(path), TODAY) == Exemption(ExemptBy.PATH, "path /service/")


@pytest.mark.parametrize("path", ["/", "/services/", "/people/service/", "/Service/"])
def test_a_path_exempts_nobody_who_only_looks_alike(path: str) -> None:
    assert RULES.exemption_of(user(path), TODAY) is None


def test_without_paths_no_path_exempts() -> None:
    assert ExemptionRules("mfa-exempt", paths=()).exemption_of(user("/service/"), TODAY) is None


def test_a_tag_that_has_ended_does_not_hide_a_path_that_exempts() -> None:
    exemption = RULES.exemption_of(user("/service/", mfa_exempt="2020-01-01"), TODAY)

    assert exemption is not None
    assert exemption.by is ExemptBy.PATH
