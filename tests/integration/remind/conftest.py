"""What the tests of the remind handler share: its surroundings on moto, and people to remind."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from aws import clients
from domain.reminders.message import ReminderMessage
from tests.integration.conftest import Calls
from tests.integration.deployment import Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


TODAY = datetime.now(UTC).date()
NAME = "alice@example.com"


def next_run() -> Context:
    """The context of a run that the schedule starts, which repeats no other."""
    return Context("RemindFunction", request_id=str(uuid4()))


class Surroundings:
    """What remind writes to: the table, the mail queue, the bucket, and a queue that is subscribed to the ops topic."""

    def __init__(self, stack: Stack) -> None:
        self.people = stack.people
        self._stack, self._s3, self._bucket = stack, boto3.client("s3"), stack.ref("ReportBucket")

    def mails(self) -> list[ReminderMessage]:
        """Take every message off the mail queue, in the order of the user names."""
        messages = [ReminderMessage.from_json(body) for body in self._stack.mails.take()]
        return sorted(messages, key=lambda message: message.user_name)

    def digests(self) -> list[dict[str, Any]]:
        """Take the notices to ops."""
        return self._stack.ops.notices()

    def item(self, user_id: str) -> dict[str, Any] | None:
        return self.people.get(user_id=user_id)

    def put(self, user_id: str, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self.people.put(user_id={"S": user_id}, **attributes)

    def items(self) -> int:
        return len(self.people.all())

    def reports(self) -> dict[str, str]:
        """Read the files in the bucket by their keys."""
        keys = [entry["Key"] for entry in self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", [])]
        return {
            key: self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode("utf-8-sig") for key in keys
        }

    def delete_reports(self) -> None:
        for key in self.reports():
            self._s3.delete_object(Bucket=self._bucket, Key=key)


@pytest.fixture
def context() -> Context:
    return Context("RemindFunction")


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.update(SenderEmail="mfa@example.com", AllowedEmailDomains="example.com")
    stack.run("RemindFunction")
    clients.iam().generate_credential_report()
    return stack


@pytest.fixture
def around(stack: Stack) -> Surroundings:
    return Surroundings(stack)


@pytest.fixture
def event(event_text: Callable[[str], str]) -> dict[str, Any]:
    return json.loads(event_text("remind_schedule"))  # type: ignore[no-any-return]  # the sample is an object


@pytest.fixture
def calls(calls: Calls) -> Calls:
    """SES is out of its sandbox and has verified the sender; moto does not know the one call."""
    calls.answer("GetAccount", *[ses_account()] * 9)
    calls.answer("GetEmailIdentity", *['{"VerifiedForSendingStatus": true}'] * 9)
    return calls


def ses_account(*, most: float = 50_000.0, sent: float = 3.0) -> str:
    """The answer of SES about an account that may send so many mails in 24 hours and has sent some of them."""
    quota = {"Max24HourSend": most, "MaxSendRate": 14.0, "SentLast24Hours": sent}
    return json.dumps({"ProductionAccessEnabled": True, "SendingEnabled": True, "SendQuota": quota})


@pytest.fixture
def person(iam: "IAMClient") -> Callable[..., str]:
    """Create a user with a password, who is reachable by the name; return the id."""

    def create(name: str = NAME, *, path: str = "/", password: bool = True, **tags: str) -> str:
        named = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items()]
        user = iam.create_user(UserName=name, Path=path, Tags=named)["User"]  # type: ignore[arg-type]  # tags are tags
        if password:
            iam.create_login_profile(UserName=name, Password="correct horse battery staple")
        return user["UserId"]

    return create


def enrol(iam: "IAMClient", name: str) -> None:
    """Register a virtual device as the person would."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name.partition("@")[0])["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=device["SerialNumber"], AuthenticationCode1="123456", AuthenticationCode2="654321"
    )


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


Person = Callable[..., str]


def report_of(iam: "IAMClient", shifted: str = "") -> str:
    """The answer to GetCredentialReport as IAM would give it now; the row of one user is shifted by a comma."""
    report = iam.get_credential_report()["Content"].decode()
    text = report.replace(f"\n{shifted},", "\nodd,one,", 1) if shifted else report
    content = b64encode(text.encode()).decode()
    return (
        "<GetCredentialReportResponse><GetCredentialReportResult>"
        f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
        "<GeneratedTime>2026-11-24T05:00:00Z</GeneratedTime>"
        "</GetCredentialReportResult></GetCredentialReportResponse>"
    )
