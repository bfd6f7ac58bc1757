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


def test_a_report_that_is_there_is_fetched_without_waiting(
    iam: "IAMClient", reports: CredentialReports, pauses: list[float]
) -> None:
    iam.create_user(UserName="alice")
    iam.generate_credential_report()

    report = reports.fetch()

    assert report is not None
    assert set(report.rows) == {"alice"}
    assert pauses == []


def test_a_report_that_is_only_being_made_is_waited_for(reports: CredentialReports, pauses: list[float]) -> None:
    assert reports.fetch() is not None
    assert pauses == [2.0]


@pytest.mark.parametrize(
    ("code", "status"), [("ReportExpired", 410), ("ReportNotPresent", 410), ("ReportInProgress", 404)]
)
def test_a_report_that_is_gone_when_it_is_fetched_is_asked_for_again(
    iam: "IAMClient", reports: CredentialReports, calls: Calls, code: str, status: int
) -> None:
    iam.generate_credential_report()
    calls.fail("GetCredentialReport", code, status=status)

    assert reports.fetch() is not None
    assert calls == ["GenerateCredentialReport", "GetCredentialReport"] * 2


def test_the_first_report_of_a_large_account_is_waited_for_as_long_as_the_run_can_afford(
    iam: "IAMClient", reports: CredentialReports, calls: Calls, pauses: list[float]
) -> None:
    """Three minutes; at least three quarters of the run remain for all that comes after."""
    calls.fail("GenerateCredentialReport", "LimitExceeded", status=409, times=999)

    assert reports.fetch() is None
    assert sum(pauses) == 180
    assert sum(pauses) <= Template().resources["RemindFunction"]["Properties"]["Timeout"] / 4


def test_what_is_forbidden_is_no_missing_report(reports: CredentialReports, calls: Calls) -> None:
    calls.fail("GenerateCredentialReport", "AccessDenied", status=403)

    with pytest.raises(clients.iam().exceptions.ClientError, match="AccessDenied"):
        reports.fetch()
