"""The digest announces exemptions that end, with the commands that extend them."""

import json
import shlex
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enrolment.credentials import KeyUse, LastUse
from domain.enrolment.totals import RunTotals
from domain.exemptions import ExemptBy, Exemption, ExemptionRules
from domain.notice import Severity
from reports.digest.endings import extension
from tests.unit.reports.test_digest import NOW, TODAY, Account

YESTERDAY = RunTotals(NOW - timedelta(days=1), {"escalated": 0}, published=True)
TITLE = "EXEMPTIONS THAT END SOON"
UNTIL = date(2026, 11, 27)


def exempt(until: date, *, reason: str = "", path: str = "/") -> Account:
    account = Account()
    account.person("ci-deploy", {"mfa-exempt": f"{until} {reason}".strip()})
    account.users[0] = replace(account.users[0], user=replace(account.users[0].user, path=path))
    return account


def is_announced(account: Account, before: RunTotals | None) -> bool:
    return TITLE in account.digest(before=before).text


@pytest.mark.parametrize("days", range(16))
def test_steps(days: int) -> None:
    """The end of an exemption is announced 14, 7, 3 and 1 days before."""
    assert is_announced(exempt(TODAY + timedelta(days=days)), YESTERDAY) == (days in {14, 7, 3, 1})


def test_announcement() -> None:
    """An exemption that ends is a warning, with the use of the credentials and the command that extends it."""
    account = exempt(UNTIL, reason="OPS-4711 (nightly)")
    last_use = LastUse(None, (KeyUse(TODAY - timedelta(days=1), "s3"),))
    account.rows["ci-deploy"] = replace(account.rows["ci-deploy"], password=False, last_use=last_use)

    notice = account.digest(before=YESTERDAY)

    assert notice.severity is Severity.WARNING
    assert notice.text.index("NEEDS YOUR ATTENTION") < notice.text.index(f"{TITLE} (1)\n")
    assert (
        "- ci-deploy: until 2026-11-27, in 3 days\n    key used yesterday for s3, no password: probably a program\n"
        "\n  aws iam tag-user --user-name ci-deploy --tags "
        """'[{"Key": "mfa-exempt", "Value": "2027-02-25 OPS-4711 (nightly)"}]'\n\n"""
    ) in notice.text
    assert notice.text.count("- ci-deploy:") == 1


@pytest.mark.parametrize("days", range(1, 8))
def test_days_without_a_run(days: int) -> None:
    """A step that fell on a day without a run is announced by the next run."""
    before = replace(YESTERDAY, at=NOW - timedelta(days=days))

    # Of the steps, only the one of 7 days before fell in between.
    assert is_announced(exempt(TODAY + timedelta(days=4)), before) == (days > 3)


@pytest.mark.parametrize("before", [None, replace(YESTERDAY, published=False)], ids=["first run", "not published"])
@pytest.mark.parametrize(("days", "announced"), [(0, True), (14, True), (15, False)])
def test_no_digest_before(before: RunTotals | None, days: int, announced: bool) -> None:
    """Without an earlier digest, every exemption is announced that ends within 14 days."""
    assert is_announced(exempt(TODAY + timedelta(days=days)), before) == announced


def test_second_run_of_a_day() -> None:
    """A second run on the same day announces the same."""
    assert is_announced(exempt(TODAY + timedelta(days=3)), replace(YESTERDAY, at=NOW))


def test_exempt_by_path() -> None:
    """The end of a tag is not announced if the path exempts the user, too; nor is an exemption without an end."""
    account = exempt(TODAY + timedelta(days=3), path="/service/")
    account.person("robot", {"mfa-exempt": "nightly build"})

    assert not is_announced(account, YESTERDAY)


def test_order() -> None:
    """The exemption that ends first comes first, and each command is for the name in the same place."""
    account = Account()
    account.person("late", {"mfa-exempt": str(TODAY + timedelta(days=7))})
    account.person("soon", {"mfa-exempt": str(TODAY + timedelta(days=1))})

    text = account.digest(before=YESTERDAY).text

    assert "- soon: until 2026-11-25, tomorrow\n" in text
    assert (
        text.index("- soon:") < text.index("- late:") < text.index("--user-name soon") < text.index("--user-name late")
    )


def test_one_screen() -> None:
    """If hundreds of exemptions end on one day, 20 are named at most, each with its command, on 60 lines."""
    account = Account()
    for number in range(158):
        account.person(f"robot{number:03}", {"mfa-exempt": f"{TODAY + timedelta(days=7)} OPS-{number}"})

    text = account.digest(before=YESTERDAY).text

    assert len(text.splitlines()) + 2 <= 60
    named = [line.removeprefix("- ").partition(":")[0] for line in text.splitlines() if line.startswith("- robot")]
    commands = [line.split()[4] for line in text.splitlines() if line.startswith("  aws iam tag-user")]
    assert 3 <= len(named) <= 20
    assert named == commands


@pytest.mark.parametrize(
    ("reason", "arguments"),
    [
        ("until 2026-11-27", "Key=mfa-exempt,Value=2027-02-25"),
        ("OPS-4711", "Key=mfa-exempt,Value=2027-02-25 OPS-4711"),
        ("a,b=c", '[{"Key": "mfa-exempt", "Value": "2027-02-25 a,b=c"}]'),
        ("夜間", '[{"Key": "mfa-exempt", "Value": "2027-02-25 \\u591c\\u9593"}]'),
        ("x" * 256, f"Key=mfa-exempt,Value=2027-02-25 {'x' * 245}"),
    ],
)
def test_reason(reason: str, arguments: str) -> None:
    """The command keeps the reason, in a form that the AWS CLI takes literally."""
    command = extension("ci-deploy", Exemption(ExemptBy.TAG, reason, UNTIL), date(2027, 2, 25), "mfa-exempt")

    assert shlex.split(command) == ["aws", "iam", "tag-user", "--user-name", "ci-deploy", "--tags", arguments]


def test_name_with_a_hyphen() -> None:
    """A name that begins with a hyphen is not taken for an option."""
    command = extension("-x", Exemption(ExemptBy.TAG, "a", UNTIL), date(2027, 2, 25), "mfa-exempt")

    assert "--user-name=-x" in shlex.split(command)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)


@given(TEXT, TEXT)
def test_hostile_texts(name: str, reason: str) -> None:
    """Whatever a user and a reason are called, the command is one line, has seven words, and exempts until the day."""
    command = extension(name, Exemption(ExemptBy.TAG, reason, UNTIL), date(2027, 2, 25), "mfa-exempt")

    assert command.isprintable()
    words = shlex.split(command)
    assert words[:3] == ["aws", "iam", "tag-user"]
    assert len(words) == (6 if words[3].startswith("--user-name=") else 7)
    value = json.loads(words[-1])[0]["Value"] if words[-1].startswith("[") else words[-1].partition("Value=")[2]
    assert len(value) <= 256
    rules = ExemptionRules("mfa-exempt", ())
    account = Account()
    account.person("robot", {"mfa-exempt": value})
    exemption = rules.exemption_of(account.users[0].user, TODAY)
    assert exemption is not None
    assert exemption.until == date(2027, 2, 25)
