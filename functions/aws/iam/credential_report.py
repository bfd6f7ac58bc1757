"""Requests the account's credential report, waits for it and fetches it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from domain.enrolment.credentials import CredentialReport

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# IAM makes a report in seconds; the first one of a large account takes longer. Tries are two seconds apart for three
# minutes: a run has fifteen, and needs most of them for the later steps.
_PAUSE = 2.0
_TRIES = 90


class CredentialReports:
    """Fetches the report. IAM makes a new one at most every four hours ("GenerateCredentialReport")."""

    PERMISSIONS = ("iam:GenerateCredentialReport", "iam:GetCredentialReport")

    def __init__(self, client: "IAMClient", sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def fetch(self) -> CredentialReport | None:
        """Return the report, or None if IAM has not made one within three minutes; raises MalformedReport.

        Another request while IAM makes a report is harmless, and starts a new one if the last has expired meanwhile.
        """
        for _ in range(_TRIES):
            report = self._report() if self._is_made() else None
            if report is not None:
                return report
            self._sleep(_PAUSE)
        return None

    def _is_made(self) -> bool:
        try:
            return self._client.generate_credential_report().get("State") == "COMPLETE"
        except self._client.exceptions.LimitExceededException:
            return False

    def _report(self) -> CredentialReport | None:
        errors = self._client.exceptions
        try:
            answer = self._client.get_credential_report()
        except (
            errors.CredentialReportExpiredException,
            errors.CredentialReportNotPresentException,
            errors.CredentialReportNotReadyException,
        ):
            return None
        return CredentialReport.from_csv(answer["Content"].decode("utf-8-sig"), answer["GeneratedTime"])
