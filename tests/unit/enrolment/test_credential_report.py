"""The credential report is read by column name; anything else is refused with the name of the column."""

import csv
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path

import pytest

from domain.enrolment.credentials import CredentialReport, Credentials, KeyUse, LastUse, MalformedReport

SAMPLE = (Path(__file__).parents[2] / "samples" / "credential_report.csv").read_text()
MADE = datetime(2026, 11, 24, 5, tzinfo=UTC)


def report(**bob: str) -> CredentialReport:
    """The sample with other values in bob's row; a new column is added to every row."""
    rows = list(csv.DictReader(StringIO(SAMPLE)))
    columns = dict.fromkeys([*rows[0], *bob], "")
    text = StringIO()
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    writer.writerows({**columns, **row, **(bob if row["user"] == "bob" else {})} for row in rows)
    return CredentialReport.from_csv(text.getvalue(), MADE)


def test_sample() -> None:
    """The sample is read without root."""
    rows = CredentialReport.from_csv(SAMPLE, MADE).rows

    assert set(rows) == {"alice", "bob", "svc-ci"}
    assert rows["bob"] == Credentials(
        created=datetime(2026, 5, 2, 12, tzinfo=UTC),
        password=True,
        active_keys=1,
        mfa=True,
        able_since=date(2026, 5, 2),
        last_use=LastUse(signed_in=date(2026, 11, 23), keys=(KeyUse(date(2026, 11, 23), "s3"),)),
        password_set=datetime(2026, 5, 2, 12, 0, 5, tzinfo=UTC),
    )
    assert rows["svc-ci"].able_since == date(2025, 2, 2)
    assert (rows["svc-ci"].password, rows["svc-ci"].active_keys, rows["svc-ci"].mfa) == (False, 2, False)


def test_user_named_like_root() -> None:
    """A user who is named like root is still a user."""
    assert "root" in CredentialReport.from_csv(SAMPLE.replace("alice", "root"), MADE).rows


@pytest.mark.parametrize("value", ["TRUE", "True", "true"])
def test_true_in_any_case(value: str) -> None:
    """True is read in upper and lower case."""
    assert report(password_enabled=value, mfa_active=value).rows["bob"].mfa


@pytest.mark.parametrize("value", ["FALSE", "false", "not_supported", "N/A", ""])
def test_other_values_are_false(value: str) -> None:
    """All other values are false."""
    assert not report(password_enabled=value).rows["bob"].password


def test_new_column() -> None:
    """A new column changes nothing."""
    assert report(additional_credentials_info='a,"b"\n').rows == CredentialReport.from_csv(SAMPLE, MADE).rows


def test_no_credentials() -> None:
    """A user without credentials has no `able_since`."""
    rows = report(password_enabled="false", access_key_1_active="false").rows

    assert rows["bob"].able_since is None


def test_missing_column() -> None:
    """A missing column is named."""
    with pytest.raises(MalformedReport, match="column mfa_active: expected to be there"):
        CredentialReport.from_csv(SAMPLE.replace("mfa_active", "mfa"), MADE)


@pytest.mark.parametrize("value", ["2026-99-99", "N/A"])
def test_unreadable_row(value: str) -> None:
    """A row with an invalid creation time is reported by its user, and the other rows are read."""
    parsed = report(user_creation_time=value)

    assert parsed.unreadable == ("bob",)
    assert "alice" in parsed.rows
    assert "bob" not in parsed.rows
