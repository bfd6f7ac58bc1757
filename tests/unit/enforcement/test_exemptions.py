"""Which users are exempt, until when, and that no others are."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
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


def full_width(text: str) -> str:
    """Return the text with the digits of a Japanese keyboard."""
    return text.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})


def arabic(text: str) -> str:
    """Return the text with Arabic-Indic digits."""
    return text.translate({ord("0") + digit: 0x660 + digit for digit in range(10)})


def test_not_exempt() -> None:
    """A user without the tag and outside the paths is not exempt."""
    assert RULES.exemption_of(user(team="platform"), TODAY) is None


def test_reason() -> None:
    """Words in the tag exempt for that reason without an end."""
    exemption = RULES.exemption_of(user(mfa_exempt="CI robot, keys only"), TODAY)

    assert exemption == Exemption(ExemptBy.TAG, "CI robot, keys only", until=None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-12-31 OPS-4711", "OPS-4711"),
        ("2026-12-31 - ticket OPS-4711", "ticket OPS-4711"),
        ("2026-12-31/backup", "backup"),
        ("2026-12-31 09:00 JST", "09:00 JST"),
        ("until 2026-12-31: signs with keys", "signs with keys"),
        ("2026-12-31までの契約", "の契約"),
        *(
            (value, "until 2026-12-31")
            for value in (
                "2026-12-31", "until 2026-12-31", "Until: 2026-12-31", "2026-12-31まで", "2026-12-31 まで",
                "2026-12-31.", "20261231", full_width("2026-12-31"),
            )
        ),
    ],
)  # fmt: skip
def test_last_day_and_reason(value: str, reason: str) -> None:
    """A day at the start is the last one, and the rest is the reason; its digits may be of any script."""
    assert RULES.tagged(user(mfa_exempt=value)) == Exemption(ExemptBy.TAG, reason, date(2026, 12, 31))


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-31", "2026-11-31 OPS-4711", "1026-11-31", "2026-1-5", "2026-12", "2026-12-31T09:00:00Z",
        "2026-12-31日", "20261301", "20261231 OPS-4711", "2026/12/31", "2026_12_31", "2026 12 31", "2026ー12ー31",
        "31.12.2026", "31.12.2026 10:00", "12/31/2026 OPS-4711", "12/31/26", "31.12.26 10:00", "11/2026",
        "30 Nov 2026", "30Nov2026", "Nov 30", "30th of November", "Dec 2026", "31. Dezember 2026", "31.XII.2026",
        "2026年12月31日 まで", full_width("2026年11月30日"), "12月31日", "12月", "令和8年12月31日", "R8.12.31",
        "二〇二六年十二月三十一日",
        "until May", "until the end of May", "until 31.12.", "until end of 2026", "5月まで", "2026年末まで", "31日まで",
        "OPS-4711 2026-12-31", "CI robot until 2026-12-31", "CI robot since 2026-11-31", "expires 31.12.2026",
    ],
)  # fmt: skip
def test_unreadable_day(value: str) -> None:
    """A day that does not exist, has another form or another position exempts nobody, and is reported."""
    mistyped = user(mfa_exempt=value)

    assert RULES.exemption_of(mistyped, TODAY) is None
    assert RULES.malformed(mistyped) == value


@pytest.mark.parametrize(
    "value",
    [
        "4711", "2031", "10041207", "19991231", "12345678", "1234-12", "2025-W10-1", "2025W101", "OPS-4711",
        "OPS-20261231", "CHG-12-2026", "RITM0012345", "2026-12345", "24/7 monitoring", "3.13 runtime", "1.2.3", "r2d2",
        "10.20.30.40", "10.0.0.1 scanner", "2026 migration", "until further notice", "until OPS-4711 is done",
        "until they may decide", "may be removed", "一時的な除外", "移行完了まで", "3年契約", "kept in the safe",
    ],
)  # fmt: skip
def test_words_and_tickets(value: str) -> None:
    """A ticket's number, an address, a version and words exempt without an end, for that reason."""
    robot = user(mfa_exempt=value)

    assert RULES.tagged(robot) == Exemption(ExemptBy.TAG, value)
    assert RULES.malformed(robot) is None


WRITTEN = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d %B %Y",
    "%B %d %Y",
    "%Y年%m月%d日",
)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
SCRIPTS = st.sampled_from([str, full_width, arabic])
IAM_VALUES = st.text(st.characters(categories=["L", "N", "Z"], include_characters="_.:/=+-@"), max_size=40)
IAM_TAKES = r"[\w .:/=+@-]*"  # a tag's value ("Tag" in the IAM API Reference)
BETWEEN = st.sampled_from(["", " ", "-", ": "])


@given(DAYS, st.sampled_from(WRITTEN), SCRIPTS, st.tuples(IAM_VALUES, BETWEEN), st.tuples(BETWEEN, IAM_VALUES))
def test_any_day_has_an_end(
    day: date, form: str, script: Callable[[str], str], before: tuple[str, str], after: tuple[str, str]
) -> None:
    """A value that contains a day never exempts without an end, with any text around the day."""
    assume(before[1] or not before[0][-1:].isalnum() or (form[1] != "B" and before[0][-1:].isalpha()))
    assume(after[0] or not after[1][:1].isnumeric())

    exemption = RULES.tagged(user(mfa_exempt="".join([*before, script(day.strftime(form)), *after])))

    assert exemption is None or exemption.until is not None


@given(DAYS, st.from_regex(r"[A-Za-z]{2,9}( [A-Za-z]{2,9}){0,3}(-[0-9]{1,8})?", fullmatch=True) | st.just(""))
def test_printed_exemption_is_a_tag(day: date, reason: str) -> None:
    """A printed exemption is the value of a tag that exempts in the same way."""
    exemption = RULES.tagged(user(mfa_exempt=f"{day} {reason}"))

    assert RULES.tagged(user(mfa_exempt=str(exemption))) == exemption
    assert re.fullmatch(IAM_TAKES, str(exemption))


@given(IAM_VALUES)
def test_every_value_is_classified(value: str) -> None:
    """A value that IAM accepts exempts, is reported as malformed, or is empty: exactly one of these."""
    tagged = user(mfa_exempt=value)

    assert [RULES.tagged(tagged) is not None, RULES.malformed(tagged) is not None, not value.strip()].count(True) == 1


@given(
    st.from_regex(r"[A-Z]{3,8}-[0-9]{1,8}|[3-9][0-9]{2,11}", fullmatch=True),
    st.sampled_from(["", " robot", ": keys only"]),
)
def test_ticket_is_a_reason(ticket: str, more: str) -> None:
    """The key or the number of a ticket is a reason."""
    assert RULES.tagged(user(mfa_exempt=ticket + more)) == Exemption(ExemptBy.TAG, ticket + more)


@pytest.mark.parametrize("value", ["", " ", "\t"])
def test_empty_tag(value: str) -> None:
    """An empty tag exempts nobody."""
    assert RULES.exemption_of(user(mfa_exempt=value), TODAY) is None


@given(days=st.integers(-5000, 5000))
def test_last_day_is_inclusive(days: int) -> None:
    """A date in the tag exempts until that day, inclusive."""
    last_day = TODAY + timedelta(days=days)

    exemption = RULES.exemption_of(user(mfa_exempt=last_day.isoformat()), TODAY)

    assert (exemption is not None) == (days >= 0)
    assert exemption is None or exemption.until == last_day


def test_tag_key_in_any_case() -> None:
    """The tag key is not case-sensitive, as in IAM."""
    assert RULES.exemption_of(user(MFA_Exempt="robot"), TODAY) is not None


def test_empty_tag_key() -> None:
    """An empty tag key switches exemption by tag off."""
    rules = ExemptionRules(tag_key="", paths=())
    nameless = User("alice", "AIDAEXAMPLEALICE", "/", {"": "robot", "mfa-exempt": "robot"}, CREATED)

    assert rules.exemption_of(nameless, TODAY) is None


@pytest.mark.parametrize("path", ["/service/", "/service/build/"])
def test_path(path: str) -> None:
    """A path exempts the users under it."""
    assert RULES.exemption_of(user(path), TODAY) == Exemption(ExemptBy.PATH, "path /service/")


@pytest.mark.parametrize("path", ["/", "/services/", "/people/service/", "/Service/"])
def test_similar_path(path: str) -> None:
    """A path that is only similar exempts nobody."""
    assert RULES.exemption_of(user(path), TODAY) is None


def test_no_paths() -> None:
    """Without paths no path exempts."""
    assert ExemptionRules("mfa-exempt", paths=()).exemption_of(user("/service/"), TODAY) is None


def test_path_after_ended_tag() -> None:
    """An ended tag does not hide a path that exempts."""
    exemption = RULES.exemption_of(user("/service/", mfa_exempt="2020-01-01"), TODAY)

    assert exemption is not None
    assert exemption.by is ExemptBy.PATH
