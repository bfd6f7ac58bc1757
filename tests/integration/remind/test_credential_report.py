"""The remind handler, if the credential report is missing or lacks a user."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ReadTimeoutError

from remind.handler import lambda_handler
from tests.integration.conftest import Calls
from tests.integration.deployment import Context, Stack
from tests.integration.remind.conftest import NAME, Person, Surroundings, ago, enrol, report_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_user_missing_in_the_report(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user who is too new for the report is mailed if there is a password."""
    calls.answer("GetCredentialReport", report_of(iam))
    person()
    person("later@example.com", password=False)

    totals = lambda_handler(event, context)

    assert [message.user_name for message in around.mails()] == [NAME]
    assert totals["unknown"] == 1


@pytest.mark.parametrize("error", [None, ReadTimeoutError(endpoint_url="https://iam.amazonaws.com")])
def test_login_profile_fails(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    error: BotoCoreError | None,
) -> None:
    """A login profile that cannot be read leaves one user unknown and does not end the run."""
    calls.answer("GetCredentialReport", report_of(iam))
    person("first@example.com")
    person("second@example.com")
    if error:
        calls.break_off("GetLoginProfile", error, times=5)
    else:
        calls.fail("GetLoginProfile", "AccessDenied", status=403)

    totals = lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert (totals["unenrolled"], totals["unknown"]) == (1, 1)


def test_passkey_missing_in_the_report(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """The devices of a user without a row are read, because no bulk list has passkeys, even without a sender."""
    stack.update(SenderEmail="")
    calls.answer("GetCredentialReport", report_of(iam))
    person()
    passkey = "arn:aws:iam::111122223333:u2f/user/alice/key-1"
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=passkey, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )

    assert lambda_handler(event, context)["enrolled"] == 1


def test_no_report_for_known_users(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a report, users who were unenrolled before are still mailed, and the digest says so."""
    monkeypatch.setattr("aws.iam.credential_report._TRIES", 1)
    monkeypatch.setattr("aws.iam.credential_report._PAUSE", 0)
    calls.fail("GetCredentialReport", "ReportInProgress", status=404)
    user_id = person()
    person("new@example.com")
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(3)}, reminders={"N": "2"})

    totals = lambda_handler(event, context)

    assert [message.user_name for message in around.mails()] == [NAME]
    assert (totals["unenrolled"], totals["unknown"]) == (1, 1)
    assert "There was no credential report" in around.digests()[0]["Message"]


@pytest.mark.parametrize("virtual", [False, True])
def test_no_report_claims_nothing(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    virtual: bool,
) -> None:
    """Without a report, digest and metrics claim nothing about the users whose state is unknown."""
    for number in range(3):
        person(f"user{number}@example.com")
    if virtual:
        enrol(iam, "user0@example.com")
    monkeypatch.setattr("aws.iam.credential_report.CredentialReports.fetch", lambda _: None)

    lambda_handler(event, context)

    [digest] = around.digests()
    assert f"{2 if virtual else 3} not known" in digest["Subject"]
    for claim in ("verybody", "Nobody here needs MFA"):
        assert claim not in digest["Subject"] + digest["Message"]
    assert "UsersUnenrolled" not in capsys.readouterr().out
