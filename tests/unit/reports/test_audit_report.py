"""The audit report: a row per user, a table without formulas, a trend, and a page that runs only its own script."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules
from domain.enforcement.dates import NO_DATES, DateRules
from domain.enrolment.credentials import CredentialReport, Credentials, KeyUse, LastUse
from domain.enrolment.devices import Device
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.enrolment.totals import RunTotals, totals_of
from domain.exemptions import ExemptionRules
from domain.users import AccountUser, PolicyCoverage, User
from reports.audit.page import audit_page
from reports.audit.report import AuditReport, audit_report_of
from reports.audit.table import COLUMNS, audit_csv

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
                    "", "", "2026-11-21", "2026-11-23", "s3", "", "",
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
        "window_ends",
        "closed_on",
    )  # fmt: skip


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
