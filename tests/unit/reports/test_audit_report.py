"""The audit report: a row per user, a table without formulas, a trend, and a page that runs only its own script."""

import csv
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules
from domain.enforcement.dates import NO_DATES, Announcement, DateRules
from domain.enrolment.credentials import CredentialReport, Credentials, KeyUse, LastUse
from domain.enrolment.devices import Device
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import EnrolmentStatus, PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.enrolment.totals import RunTotals, totals_of
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User
from reports.audit.page import audit_page
from reports.audit.report import AuditReport, audit_report_of, without_stack
from reports.audit.table import COLUMNS, audit_csv
from reports.audit.trend import HEIGHT, chart_of, daily

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CREATED = datetime(2026, 5, 2, 12, tzinfo=UTC)
DAY = date(2027, 1, 15)
USED = LastUse(date(2026, 11, 21), (KeyUse(date(2026, 5, 1), "ec2"), KeyUse(date(2026, 11, 23), "s3")))
RULES = EnrolmentRules(ExemptionRules("mfa-exempt", ("/service/",)), AddressRules("email", "", frozenset()))


class Account:
    """People added one by one, and the report on them."""

    def __init__(self) -> None:
        self.users: list[AccountUser] = []
        self.rows: dict[str, Credentials] = {}
        self.devices: dict[str, frozenset[Device]] = {}
        self.records: dict[str, PersonRecord] = {}

    def person(
        self,
        name: str,
        *,
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        coverage: PolicyCoverage = PolicyCoverage(attached=True),  # noqa: B008  (frozen)
        devices: frozenset[Device] = frozenset(),
        in_report: bool = True,
    ) -> str:
        user_id = f"AIDAEXAMPLE{len(self.users)}"
        self.users.append(AccountUser(User(name, user_id, path, tags or {}, CREATED), coverage))
        if in_report:
            self.rows[name] = Credentials(CREATED, True, 1, mfa=False, able_since=CREATED.date())
        self.devices[user_id] = devices
        return user_id

    def report(self, *before: RunTotals, dates: DateRules = NO_DATES) -> AuditReport:
        facts = EnrolmentFacts(self.users, CredentialReport(NOW, self.rows), self.devices, self.records, last_run=TODAY)
        snapshot = build_snapshot(facts, replace(RULES, dates=dates), TODAY)
        totals = totals_of(snapshot, 14, NOW)
        return audit_report_of(
            snapshot, (*before, totals), account="111122223333", report_made=NOW - timedelta(hours=3), escalate_after=14
        )


@pytest.fixture
def account() -> Account:
    return Account()


def table(report: AuditReport) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(audit_csv(report))))


def run(days_ago: int, enrolled: int, unenrolled: int, hours_ago: int = 0) -> RunTotals:
    return RunTotals(
        NOW - timedelta(days=days_ago, hours=hours_ago), {"enrolled": enrolled, "unenrolled": unenrolled, "exempt": 0}
    )


def test_row(account: Account) -> None:
    """A row contains all facts about a user."""
    user_id = account.person("alice", path="/sales/")
    since = date(2026, 11, 20)
    account.records[user_id] = PersonRecord(user_id, "alice", since, since, 3, NOW - timedelta(days=1))
    account.rows["alice"] = replace(account.rows["alice"], last_use=USED)

    assert table(account.report()) == [
        dict(
            zip(
                COLUMNS,
                (
                    user_id, "alice", "/sales/", "2026-05-02T12:00:00Z", "yes", "1", "", "unenrolled", "attached",
                    "", "", "", "2026-11-20", "3", "2026-11-23T09:00:00Z", "111122223333",
                    "", "", "2026-11-21", "2026-11-23", "s3",
                ),
                strict=True,
            )
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("coverage", "how"),
    [
        (PolicyCoverage(attached=True), "attached"),
        (PolicyCoverage(in_group=True), "through the group"),
        (PolicyCoverage(attached=True, in_group=True), "attached and through the group"),
        (PolicyCoverage(), "no"),
    ],
)
def test_enforced(account: Account, coverage: PolicyCoverage, how: str) -> None:
    """The report shows how a user is enforced."""
    account.person("alice", coverage=coverage)

    assert table(account.report())[0]["enforced"] == how


def test_exempt(account: Account) -> None:
    """The report shows why and until when a user is exempt."""
    account.person("break-glass", tags={"mfa-exempt": "kept in the safe"})
    account.person("ended", tags={"mfa-exempt": "2026-11-23"})
    account.person("migration", tags={"mfa-exempt": "2026-12-31"})
    account.person("on-loan", tags={"mfa-exempt": "2026-12-31 OPS-4711"})
    account.person("robot", path="/service/")

    assert "until 2026-12-31: OPS-4711" in audit_page(account.report())
    found = {row["user_name"]: row for row in table(account.report())}

    assert {name: (row["exempt_because"], row["exempt_until"]) for name, row in found.items()} == {
        "break-glass": ("kept in the safe", ""),
        "ended": ("", ""),
        "migration": ("until 2026-12-31", "2026-12-31"),
        "on-loan": ("OPS-4711", "2026-12-31"),
        "robot": ("path /service/", ""),
    }
    assert found["ended"]["exemption_ended"] == "2026-11-23"


def test_unknown(account: Account) -> None:
    """Unknown values are not shown as "no"."""
    account.person("new", in_report=False)

    row = table(account.report())[0]

    assert (row["password"], row["active_access_keys"], row["status"]) == ("unknown", "unknown", "unknown")


def test_order(account: Account) -> None:
    """Users who need attention come first."""
    account.person("zoe", devices=frozenset({Device.VIRTUAL}))
    account.person("anna", devices=frozenset({Device.PASSKEY}))
    account.person("robot", path="/service/")
    account.person("mia")

    assert [row.name for row in account.report().rows] == ["mia", "robot", "anna", "zoe"]


def test_not_enforced(account: Account) -> None:
    """Users who are neither enforced nor exempt are counted."""
    account.person("alice")
    account.person("missed", coverage=PolicyCoverage())
    account.person("robot", path="/service/", coverage=PolicyCoverage())

    assert account.report().not_enforced == 1


def test_columns() -> None:
    """The columns of release 1.0.0 keep their names and their order, and new ones follow them."""
    assert COLUMNS[:15] == (
        "user_id", "user_name", "path", "created", "password", "active_access_keys", "mfa_devices", "status",
        "enforced", "exempt_because", "exempt_until", "exemption_ended", "without_mfa_since", "reminders",
        "last_reminded",
    )  # fmt: skip
    assert COLUMNS[15:] == (
        "account", "enforced_from", "told_on", "last_sign_in", "key_last_used", "key_last_used_service",
    )  # fmt: skip


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


def test_table_without_stack(account: Account) -> None:
    """Without a stack, enforcement and reminders are unknown, and never "no" or 0."""
    account.person("alice", coverage=PolicyCoverage())
    account.person("robot", tags={"mfa-exempt": "backup"})

    report = without_stack(account.report(dates=DateRules(DAY)), "No stack typo in us-east-1")

    columns = ("enforced", "without_mfa_since", "reminders", "last_reminded", "enforced_from", "told_on")
    assert [[row[column] for column in columns] for row in table(report)] == [["unknown"] * 6] * 2
    assert report.not_enforced is None
    assert "Enforced from" not in Page(audit_page(report)).said()


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


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(names, names)
def test_no_formula(name: str, reason: str) -> None:
    """No cell is a formula, and every cell keeps its text."""
    account = Account()
    account.person(name, tags={"mfa-exempt": reason})
    report = account.report()

    (row,) = rows_of(report)

    assert not [cell for cell in row if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))]
    assert row[1].removeprefix("'") == name.removeprefix("'")


def rows_of(report: AuditReport) -> list[list[str]]:
    return list(csv.reader(StringIO(audit_csv(report), newline="")))[1:]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "  =1", "\uff1d1"])
def test_name_like_formula(account: Account, name: str) -> None:
    """A name that a spreadsheet would run is text."""
    account.person(name)

    assert table(account.report())[0]["user_name"] == f"'{name}"


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
