"""The page of the audit report: what it shows, and nothing that a user could have injected."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.enforcement.dates import Announcement, DateRules
from domain.enrolment.credentials import KeyUse, LastUse
from domain.enrolment.devices import Device
from domain.enrolment.record import EnrolmentStatus, PersonRecord
from domain.enrolment.totals import RunTotals
from domain.users import PolicyCoverage
from reports.audit.page import audit_page
from reports.audit.report import without_stack
from reports.audit.trend import HEIGHT, chart_of, daily
from tests.unit.reports.test_audit_report import DAY, TODAY, Account, names, run, table

USED = LastUse(date(2026, 11, 21), (KeyUse(date(2026, 5, 1), "ec2"), KeyUse(date(2026, 11, 23), "s3")))


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.mark.parametrize(
    ("coverage", "tag", "told", "expected"),
    [
        (PolicyCoverage(), "", None, ("2027-01-15", "")),
        (PolicyCoverage(), "", Announcement(DAY, date(2026, 11, 10)), ("2027-01-15", "2026-11-10")),
        (PolicyCoverage(attached=True), "", Announcement(TODAY, date(2026, 11, 10)), ("2026-11-24", "2026-11-10")),
        (PolicyCoverage(attached=True), "", None, ("", "")),
        (PolicyCoverage(), "backup", Announcement(DAY, date(2026, 11, 10)), ("", "")),
    ],
    ids=["not told", "told", "enforced by now", "enforced without a day", "exempt"],
)
def test_day(
    account: Account, coverage: PolicyCoverage, tag: str, told: Announcement | None, expected: tuple[str, str]
) -> None:
    """The report shows from which day an existing user is enforced, and since when the user has been told."""
    user_id = account.person("alice", coverage=coverage, tags={"mfa-exempt": tag} if tag else None)
    account.records[user_id] = PersonRecord(user_id, "alice", announcement=told)

    report = account.report(dates=DateRules(DAY))

    (row,) = table(report)
    assert (row["enforced_from"], row["told_on"]) == expected
    page = Page(audit_page(report)).said()
    assert ("Enforced from" in page) == bool(expected[0])
    assert ("told 2026-11-10" in page) == bool(expected[1])


@pytest.mark.parametrize(
    ("last_use", "active_keys", "password", "shown"),
    [
        (USED, 2, True, "2026-11-21 2026-11-23 s3, 2 keys"),
        (LastUse(None, (KeyUse(None, None),)), 1, True, "never never"),
        (LastUse(None), 0, False, "no password no key"),
    ],
)
def test_last_use(account: Account, last_use: LastUse, active_keys: int, password: bool, shown: str) -> None:
    """The page shows the last sign-in, the latest use of a key, and what there is to use."""
    account.person("alice")
    account.rows["alice"] = replace(
        account.rows["alice"], last_use=last_use, active_keys=active_keys, password=password
    )

    assert f"attached {shown} " in Page(audit_page(account.report())).said()


def test_last_use_unknown(account: Account) -> None:
    """The last use of a user that the credential report lacks is unknown."""
    account.person("new", in_report=False)

    (row,) = table(account.report())

    assert {row[column] for column in ("last_sign_in", "key_last_used", "key_last_used_service")} == {"unknown"}


def test_password_without_mfa(account: Account) -> None:
    """Users with a console password and no MFA are counted, exempt ones too; the number is unknown without a report."""
    account.person("alice")
    account.person("robot", path="/service/")
    account.person("bob", devices=frozenset({Device.VIRTUAL}))
    account.person("key")
    account.rows["key"] = replace(account.rows["key"], password=False)
    report = account.report()

    assert report.password_without_mfa == 2
    assert "2 console password and no MFA Security Hub IAM.5" in tiles(audit_page(report))
    unread = replace(report, report_made=None)
    assert unread.password_without_mfa is None
    assert "? console password and no MFA" in tiles(audit_page(unread))


def test_table_without_stack(account: Account) -> None:
    """Without a stack, enforcement and reminders are unknown, and never "no" or 0."""
    account.person("alice", coverage=PolicyCoverage())
    account.person("robot", tags={"mfa-exempt": "backup"})

    report = without_stack(account.report(dates=DateRules(DAY)), "No stack typo in us-east-1")

    columns = ("enforced", "without_mfa_since", "reminders", "last_reminded", "enforced_from", "told_on")
    assert [[row[column] for column in columns] for row in table(report)] == [["unknown"] * 6] * 2
    assert report.not_enforced is None
    assert "Enforced from" not in Page(audit_page(report)).said()


def tiles(page: str) -> str:
    """Return each number with its name, in the order in which they are seen."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd></div>", page)
    return "; ".join(f"{number} {re.sub('<.*?>', ' ', name)}" for name, number in found)


def test_tile_without_users(account: Account) -> None:
    """A number is marked as bad only if it is not zero."""
    account.person("bob", devices=frozenset({Device.VIRTUAL}))

    assert '<div class="enrolled">' in audit_page(account.report())
    assert '<div class="unenrolled">' not in audit_page(account.report())


def test_words_of_a_row(account: Account) -> None:
    """Each row says what a search by status finds it as, and the page offers each such status."""
    account.person("alice", coverage=PolicyCoverage())
    account.person("bob", devices=frozenset({Device.VIRTUAL}))
    account.person("robot", path="/service/", coverage=PolicyCoverage())

    page = Page(audit_page(account.report(dates=DateRules(DAY))))

    words = [attributes["data-is"] for tag, attributes in page.elements if tag == "tr" and "data-is" in attributes]
    assert words == ["unenrolled console missed dated", "exempt console", "enrolled"]
    offered = {attributes["value"] for tag, attributes in page.elements if tag == "option"}
    assert offered == {"", *EnrolmentStatus, "console", "missed", "dated"}


def test_page_without_stack(account: Account) -> None:
    """The sentence is under the heading, and no tile, column, trend or explanation shows unknown facts."""
    account.person("alice", coverage=PolicyCoverage())
    report = account.report(run(1, 0, 1))

    known, unknown = Page(audit_page(report)), Page(audit_page(without_stack(report, "No stack typo in us-east-1")))

    heading, _, rest = unknown.said().partition("enrolled 0")
    assert "No stack typo in us-east-1. So this report does not show who is enforced" in heading
    for words in ("Enforced", "No MFA since", "Reminders", "Trend", "escalated after", "neither enforced"):
        assert words not in rest
    assert [page.count("td") + page.count("th") for page in (known, unknown)] == [20, 14]
    assert "stack" not in known.said()


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())

    def said(self) -> str:
        """Return the text on one line."""
        return " ".join(" ".join(self.text).split())

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.elements)


@given(names, names)
def test_no_injected_elements(name: str, reason: str) -> None:
    """No name changes the elements of the page."""
    account, plain = Account(), Account()
    account.person(name, tags={"mfa-exempt": reason})
    plain.person("alice", tags={"mfa-exempt": "robot"})
    account.rows = plain.rows = {}
    # A reason that is a day in the past, or no valid one, exempts nobody.
    assume(account.report().rows[0].enrolment is EnrolmentStatus.EXEMPT)

    hostile, harmless = (Page(audit_page(each.report())) for each in (account, plain))

    assert [tag for tag, _ in hostile.elements if tag != "em"] == [tag for tag, _ in harmless.elements if tag != "em"]


def test_name_in_html(account: Account) -> None:
    """A name with HTML is shown as text."""
    account.person("<script>alert(1)</script>")

    assert "<script>alert(1)</script>" in Page(audit_page(account.report())).text


def test_self_contained_page(account: Account) -> None:
    """The page needs no network."""
    account.person("alice")

    page = audit_page(account.report(run(1, 3, 4)))

    addresses = [value for _, attributes in Page(page).elements for name, value in attributes.items()
                 if name in {"src", "href", "action", "srcset", "data"}]  # fmt: skip
    assert addresses == ["data:,"]
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page


def test_content_security_policy(account: Account) -> None:
    """The browser runs only the page's own script and style."""
    page = audit_page(account.report())

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    for element in ("script", "style"):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        (digest,) = re.findall(rf"{element}-src 'sha256-([^']+)'", policy[1])
        assert b64decode(digest) == sha256(text.encode()).digest()
    assert not re.search(r"<[^>]+ (style|on\w+)=", page)


def test_numbers_and_sources(account: Account) -> None:
    """The page shows the numbers and their sources."""
    account.person("alice")
    account.person("bob", devices=frozenset({Device.VIRTUAL}))

    text = " ".join(" ".join(Page(audit_page(account.report())).text).split())

    assert "MFA in account 111122223333" in text
    assert "2026-11-24 09:00 UTC" in text
    assert "credential report of 2026-11-24 06:00 UTC" in text
    assert "enrolled 1 not enrolled 1" in text


def test_no_credential_report(account: Account) -> None:
    """The page says if there was no credential report."""
    account.person("alice")

    assert "IAM returned none" in audit_page(replace(account.report(), report_made=None))


def test_one_day(account: Account) -> None:
    """One day is no trend."""
    account.person("alice")

    assert chart_of(account.report(run(0, 1, 1, hours_ago=2)).runs) is None
    assert "There is no trend yet" in audit_page(account.report())


def test_last_run_of_day() -> None:
    """A day counts once, with its last run."""
    runs = [run(0, 5, 1), run(1, 4, 2), run(0, 3, 3, hours_ago=3)]

    assert [found.counts["enrolled"] for found in daily(runs)] == [4, 5]


def test_lines() -> None:
    """The lines run from the first day to the last, and higher numbers are higher."""
    chart = chart_of([run(10, 0, 40), run(5, 20, 20), run(0, 40, 0)])

    assert chart
    enrolled, unenrolled = (
        chart.lines[0],
        next(line for line in chart.lines if line.state == EnrolmentStatus.UNENROLLED),
    )
    assert [x for x, _ in enrolled.points] == [chart.left, (chart.left + chart.right) / 2, chart.right]
    assert [y for _, y in enrolled.points] == sorted((y for _, y in enrolled.points), reverse=True)
    assert [y for _, y in unenrolled.points] == sorted(y for _, y in unenrolled.points)
    assert [number for number, _ in chart.numbers] == [0, 20, 40]


counts = st.fixed_dictionaries({state.value: st.integers(0, 5000) for state in EnrolmentStatus})
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (hypothesis adds the zone)


@given(st.lists(st.builds(RunTotals, moments, counts), max_size=30))
def test_drawing_fits(runs: list[RunTotals]) -> None:
    """For any runs, everything is inside the drawing and no names overlap."""
    chart = chart_of(runs)

    if chart is None:
        assert len({found.at.date() for found in runs}) < 2
        return
    places = [place for line in chart.lines for place in line.points]
    assert all(chart.left <= x <= chart.right and 0 <= y <= chart.bottom for x, y in places)
    at = sorted(line.name_at for line in chart.lines)
    assert all(0 <= place <= HEIGHT for place in at)
    assert all(below - above >= 15.9 for above, below in pairwise(at))
