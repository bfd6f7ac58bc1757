"""The credential report is read by column name; a report that is not one is refused by column."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest

from domain.enrolment.credentials import CredentialReport, Credentials, MalformedReport

SAMPLE = (Path(__file__).parents[2] / "samples" / "credential_report.csv").read_text()
MADE = datetime(2026, 11, 24, 5, tzinfo=UTC)


def report(**bob: str) -> CredentialReport:
    """The sample with other values in bob's row; a column that is not there yet is added to every row."""
    rows = list(csv.DictReader(StringIO(SAMPLE)))
    columns = dict.fromkeys([*rows[0], *bob], "")
    text = StringIO()
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    writer.writerows({**columns, **row, **(bob if row["user"] == "bob" else {})} for row in rows)
    return CredentialReport.from_csv(text.getvalue(), MADE)


def test_the_sample_is_read_and_root_is_no_user() -> None:
    rows = CredentialReport.from_csv(SAMPLE, MADE).rows

    assert set(rows) == {"alice", "bob", "svc-ci"}
    assert rows["bob"] == Credentials(
        created=datetime(2026, 5, 2, 12, tzinfo=UTC),
        password=True,
        active_keys=1,
        mfa=True,
        able_since=date(2026, 5, 2),
    )
    assert rows["svc-ci"].able_since == date(2025, 2, 2)
    assert (rows["svc-ci"].password, rows["svc-ci"].active_keys, rows["svc-ci"].mfa) == (False, 2, False)


def test_a_user_who_is_called_like_root_is_still_a_user() -> None:
    assert "root" in CredentialReport.from_csv(SAMPLE.replace("alice", "root"), MADE).rows


@pytest.mark.parametrize("value", ["TRUE", "True", "true"])
def test_capitals_do_not_matter(value: str) -> None:
    assert report(password_enabled=value, mfa_active=value).rows["bob"].mfa


@pytest.mark.parametrize("value", ["FALSE", "false", "not_supported", "N/A", ""])
def test_everything_else_is_not_true(value: str) -> None:
    assert not report(password_enabled=value).rows["bob"].password


def test_a_column_that_is_new_changes_nothing() -> None:
    assert report(additional_credentials_info='a,"b"\n').rows == CredentialReport.from_csv(SAMPLE, MADE).rows


def test_who_can_sign_in_with_nothing_is_able_since_never() -> None:
    rows = report(password_enabled="false", access_key_1_active="false").rows

    assert rows["bob"].able_since is None


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MalformedReport, match="column mfa_active: expected to be there"):
        CredentialReport.from_csv(SAMPLE.replace("mfa_active", "mfa"), MADE)


@pytest.mark.parametrize("value", ["2026-99-99", "N/A"])
def test_a_row_that_cannot_be_read_costs_no_other(value: str) -> None:
    """A creation time that is none is named by its user, and everybody else is read."""
    found = report(user_creation_time=value)

    assert found.unreadable == ("bob",)
    assert "alice" in found.rows
    assert "bob" not in found.rows
