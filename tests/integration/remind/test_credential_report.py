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


def test_a_user_too_young_for_the_report_is_mailed_if_there_is_a_password(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    calls.answer("GetCredentialReport", report_of(iam))
    person()
    person("later@example.com", password=False)

    totals = lambda_handler(event, context)

    assert [message.user_name for message in around.mails()] == [NAME]
    assert totals["unknown"] == 1


@pytest.mark.parametrize("error", [None, ReadTimeoutError(endpoint_url="https://iam.amazonaws.com")])
def test_a_password_that_cannot_be_asked_for_ends_no_run(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    error: BotoCoreError | None,
) -> None:
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


def test_a_user_too_new_for_the_report_who_has_a_passkey_is_enrolled(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """No bulk list has passkeys, so the devices of a user without a row are looked up, also if no mail is sent."""
    stack.update(SenderEmail="")
    calls.answer("GetCredentialReport", report_of(iam))
    person()
    passkey = "arn:aws:iam::111122223333:u2f/user/alice/key-1"
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=passkey, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )

    assert lambda_handler(event, context)["enrolled"] == 1


def test_without_a_report_whoever_was_unenrolled_is_still_mailed_and_ops_are_told(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aws.iam.credential_report._TRIES", 1)
    monkeypatch.setattr("aws.iam.credential_report._PAUSE", 0)
    calls.fail("GetCredentialReport", "ReportInProgress", status=404)
    known = person()
    person("new@example.com")
    around.put(known, user_name={"S": NAME}, unenrolled_since={"S": ago(3)}, reminders={"N": "2"})

    totals = lambda_handler(event, context)

    assert [message.user_name for message in around.mails()] == [NAME]
    assert (totals["unenrolled"], totals["unknown"]) == (1, 1)
    assert "There was no credential report" in around.digests()[0]["Message"]


@pytest.mark.parametrize("virtual", [False, True])
def test_without_a_credential_report_nobody_is_said_to_be_enrolled(
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
    """What is not known is neither a good number nor a good sentence."""
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
