"""The digest and the audit report name the users whose window ends, and the closed ones with a command."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import pytest

from domain.enrolment.snapshot import EnrolmentSnapshot
from domain.enrolment.window import NO_WINDOW, Window, WindowState
from domain.notice import Severity
from domain.reminders.plan import ReminderOutcome
from reports.audit.report import audit_report_of
from reports.audit.table import audit_csv
from reports.digest.digest import ReminderRun, digest_of
from reports.digest.links import Links
from tests.unit.reports.test_digest import RULES, TODAY, Account


def run_of(window: Window, *, name: str = "alice", **tags: str) -> ReminderRun:
    account = Account()
    account.person(name, {key.replace("_", "-"): value for key, value in tags.items()})
    run = account.run()
    people = tuple(replace(person, window=window) for person in run.snapshot.people)
    return replace(run, snapshot=EnrolmentSnapshot(TODAY, people, ()))


def digest(window: Window, *, name: str = "alice", **tags: str) -> str:
    return digest_of(run_of(window, name=name, **tags), RULES, Links()).text


@pytest.mark.parametrize(
    ("window", "line"),
    [
        (Window(WindowState.OPEN, TODAY + timedelta(days=3)), "- alice: the last day is 2026-11-27\n"),
        (
            Window(WindowState.OPEN, TODAY - timedelta(days=1)),
            "- alice: the last day was 2026-11-23, not closed yet because of a recent sign-in\n",
        ),
        (
            Window(WindowState.ENDED, TODAY - timedelta(days=1)),
            "- alice: the last day was 2026-11-23, closed now (at most 50 in a run)\n",
        ),
    ],
)
def test_closes_soon(window: Window, line: str) -> None:
    """A user whose last day is near or over is named with the day."""
    text = digest(window)

    assert "CLOSES WITHIN THREE DAYS (1)" in text
    assert line in text


@pytest.mark.parametrize("window", [NO_WINDOW, Window(WindowState.OPEN, TODAY + timedelta(days=4))])
def test_not_soon(window: Window) -> None:
    """A digest without such users says nothing of windows."""
    text = digest(window)

    assert "CLOSES" not in text
    assert "CLOSED" not in text
    assert "PROLONGED" not in text


def test_closed() -> None:
    """A closed user is named with the command that reopens, whatever the length of the name."""
    name = "x" * 64
    text = digest(Window(WindowState.CLOSED, closed_on=date(2026, 11, 20)), name=name)

    assert "CLOSED: NOBODY CLAIMED THEM (1)" in text
    assert f"- {name}: since 2026-11-20\n\n  aws iam untag-user --user-name {name} --tag-keys mfa-closed\n" in text


def test_not_prolonged() -> None:
    """A tag that is no day is named with its value."""
    text = digest(Window(WindowState.OPEN, TODAY + timedelta(days=9)), mfa_window="next\nweek")

    assert "NOT PROLONGED: WHAT MFA-WINDOW SAYS IS NO DAY (1)" in text
    assert "- alice: next week\n" in text


def test_requests_not_queued() -> None:
    """Requests that could not be queued need attention."""
    account = Account()
    account.person("alice", mfa=True)
    notice = account.digest(outcome=ReminderOutcome(unrequested=2))

    assert notice.severity is Severity.ALARM
    assert "Requests to close or reopen 2 users could not be queued" in notice.text.replace("\n ", "")


@pytest.mark.parametrize(
    ("window", "columns"),
    [
        (NO_WINDOW, ("", "")),
        (Window(WindowState.OPEN, date(2026, 12, 5)), ("2026-12-05", "")),
        (Window(WindowState.CLOSED, closed_on=date(2026, 11, 20)), ("", "2026-11-20")),
    ],
)
def test_audit_report(window: Window, columns: tuple[str, str]) -> None:
    """The table has the last day of each window, and since when a user is closed."""
    run = run_of(window)
    report = audit_report_of(run.snapshot, [run.totals], account=run.account, report_made=None, escalate_after=14)
    [row] = csv.DictReader(StringIO(audit_csv(report)))

    assert (row["window_ends"], row["closed_on"]) == columns
