"""The remind handler: what a run leaves to the next one because time or a quota of SES is used up."""

from typing import TYPE_CHECKING, Any

from remind.handler import lambda_handler
from tests.integration.conftest import Calls
from tests.integration.deployment import Context
from tests.integration.remind.conftest import Person, Surroundings, ago, report_of, ses_account

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_no_time_for_mails(person: Person, around: Surroundings, calls: Calls, event: dict[str, Any]) -> None:
    """If time is up, the mails are left to the next run and the digest says so."""
    person()

    lambda_handler(event, Context("RemindFunction", left=60_000))

    assert around.mails() == []
    assert "1 person was not reminded: time ran out" in around.digests()[0]["Message"]


def test_no_time_for_passwords(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, event: dict[str, Any]
) -> None:
    """If time is up, no login profile is read."""
    calls.answer("GetCredentialReport", report_of(iam))
    person()

    lambda_handler(event, Context("RemindFunction", left=60_000))

    assert "GetLoginProfile" not in calls


def test_reads_a_hundred_passwords(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A run reads at most a hundred login profiles, so a bulk creation of users does not delay the others."""
    calls.answer("GetCredentialReport", report_of(iam))
    for number in range(102):
        person(f"user{number}@example.com")

    totals = lambda_handler(event, context)

    assert calls.count("GetLoginProfile") == 100
    assert (totals["unenrolled"], totals["unknown"]) == (100, 2)


def test_daily_quota(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Mails beyond the daily quota of SES are left to the next run, the users with most reminders last."""
    had_three = {person(f"old{number}@example.com") for number in range(3)}
    had_none = {person(f"new{number}@example.com") for number in range(3)}
    for user_id in had_three:
        around.put(user_id, unenrolled_since={"S": ago(7)}, reminders={"N": "3"})
    for user_id in had_none:
        around.put(user_id, unenrolled_since={"S": ago(7)})
    calls.forget("GetAccount")
    calls.answer("GetAccount", ses_account(most=200, sent=196))

    lambda_handler(event, context)

    mailed = {message.user_id for message in around.mails()}
    assert len(mailed) == 4
    assert had_none < mailed
    assert calls.count("ListMFADevices") == 4
    digest = " ".join(around.digests()[0]["Message"].split())
    assert "2 people were not reminded: SES sends no more mails today. The next run continues." in digest
