"""The credential report on moto: asked for, waited for, and given up after three minutes."""

from typing import TYPE_CHECKING

import pytest

from aws import clients
from aws.iam.credential_report import CredentialReports
from tests.integration.conftest import Calls
from tests.template import Template

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def reports(calls: Calls, pauses: list[float]) -> CredentialReports:
    return CredentialReports(clients.iam(), sleep=pauses.append)


def test_existing_report(iam: "IAMClient", reports: CredentialReports, pauses: list[float]) -> None:
    """An existing report is fetched without a pause."""
    iam.create_user(UserName="alice")
    iam.generate_credential_report()

    report = reports.fetch()

    assert report is not None
    assert set(report.rows) == {"alice"}
    assert pauses == []


def test_waits_for_the_report(reports: CredentialReports, pauses: list[float]) -> None:
    """A report that IAM is still generating is waited for."""
    assert reports.fetch() is not None
    assert pauses == [2.0]


@pytest.mark.parametrize(
    ("code", "status"), [("ReportExpired", 410), ("ReportNotPresent", 410), ("ReportInProgress", 404)]
)
def test_requests_a_lost_report_again(
    iam: "IAMClient", reports: CredentialReports, calls: Calls, code: str, status: int
) -> None:
    """A report that is gone or unfinished at the fetch is requested again."""
    iam.generate_credential_report()
    calls.fail("GetCredentialReport", code, status=status)

    assert reports.fetch() is not None
    assert calls == ["GenerateCredentialReport", "GetCredentialReport"] * 2


def test_stops_waiting_after_three_minutes(
    iam: "IAMClient", reports: CredentialReports, calls: Calls, pauses: list[float]
) -> None:
    """The wait ends after three minutes, which is at most a quarter of the run."""
    calls.fail("GenerateCredentialReport", "LimitExceeded", status=409, times=999)

    assert reports.fetch() is None
    assert sum(pauses) == 180
    assert sum(pauses) <= Template().resources["RemindFunction"]["Properties"]["Timeout"] / 4


def test_denied_report(reports: CredentialReports, calls: Calls) -> None:
    """A denied request is an error and is not mistaken for a missing report."""
    calls.fail("GenerateCredentialReport", "AccessDenied", status=403)

    with pytest.raises(clients.iam().exceptions.ClientError, match="AccessDenied"):
        reports.fetch()
