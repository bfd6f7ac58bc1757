"""The day of existing users, from remind through notify to reconcile on moto."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto.iam.models import iam_backends

from aws import clients
from aws.sqs import queues
from notify.handler import lambda_handler as notify
from reconcile.handler import SweepIncomplete
from reconcile.handler import lambda_handler as reconcile
from remind.handler import lambda_handler as remind
from tests.integration.conftest import Calls, attached, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

TODAY = datetime.now(UTC).date()
NAME = "alice@example.com"


class Days:
    """Runs the functions as the schedules and the queue do."""

    def __init__(self, stack: Stack, calls: Calls) -> None:
        self.stack, self.subjects = stack, list[str]()
        events = clients.sesv2_without_retries("us-east-1").meta.events
        events.register("before-call.sesv2.SendEmail", self._keep)
        calls.answer("GetAccount", *[json.dumps(SES)] * 99)
        calls.answer("GetEmailIdentity", *['{"VerifiedForSendingStatus": true}'] * 99)

    def _keep(self, params: dict[str, Any], **_: object) -> None:
        self.subjects.append(json.loads(params["body"])["Content"]["Simple"]["Subject"]["Data"])

    def remind(self) -> list[str]:
        """Run once, deliver what was queued, and return the subjects of the mails."""
        self.stack.run("RemindFunction")
        clients.iam().generate_credential_report()
        remind({}, Context("RemindFunction", request_id=str(uuid4())))
        return self.deliver()

    def deliver(self, *, twice: bool = False) -> list[str]:
        """Deliver what is queued, and return the subjects of the mails."""
        bodies = [body for body in self.stack.mails.take() for _ in range(1 + twice)]
        self.stack.run("NotifyFunction")
        self.subjects.clear()
        for body in bodies:
            assert not failed(notify(batch(body), Context("NotifyFunction")))
        return list(self.subjects)

    def sweep(self) -> dict[str, Any]:
        self.stack.run("ReconcileFunction")
        return reconcile({}, Context("ReconcileFunction"))  # type: ignore[no-any-return]  # Lambda's answers are JSON

    def item(self, user_id: str) -> dict[str, Any]:
        return self.stack.people.get(user_id=user_id) or {}

    def announced_earlier(self, user_id: str, days: int) -> None:
        """Move the day of the announcement back by so many days."""
        since = TODAY - timedelta(days=days)
        self.stack.people.put(**{**self.item(user_id), "announced_since": {"S": since.isoformat()}})


SES = {
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 1_000_000.0, "SentLast24Hours": 3.0},
}


@pytest.fixture
def days(stack: Stack, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Days:
    monkeypatch.setattr(queues, "_SHOWN_WITHIN_SECONDS", 0)  # moto shows at once
    stack.update(SenderEmail="mfa@example.com", NoticeDays="7", EnforceExistingUsersFrom=TODAY.isoformat())
    boto3.client("ses").verify_email_identity(EmailAddress="mfa@example.com")
    return Days(stack, calls)


@pytest.fixture
def existing(iam: "IAMClient") -> Callable[..., str]:
    """Create a user who is older than the stack; return the id."""

    def create(name: str = NAME, *, password: bool = True, **tags: str) -> str:
        named = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items()]
        user_id = iam.create_user(UserName=name, Tags=named)["User"]["UserId"]  # type: ignore[arg-type]  # tags are tags
        if password:
            iam.create_login_profile(UserName=name, Password="correct horse battery staple")
        iam_backends[ACCOUNT]["aws"].users[name].create_date = datetime(2020, 1, 1, tzinfo=UTC)
        return user_id

    return create


def test_notified_then_enforced(iam: "IAMClient", days: Days, existing: Callable[..., str]) -> None:
    """An existing user is notified of the day and enforced when the notice is over, and one mail says so."""
    alice = existing()
    day = TODAY + timedelta(days=7)

    assert days.sweep()["attached"] == 0
    [subject] = days.remind()
    assert subject == f"AWS user {NAME} needs MFA from {day:%-d %B %Y}: in 7 days"
    assert days.item(alice)["announced_day"] == {"S": day.isoformat()}
    assert days.sweep()["attached"] == 0

    days.stack.people.put(**{**days.item(alice), "announced_day": {"S": TODAY.isoformat()}})
    days.announced_earlier(alice, 7)
    assert days.sweep()["attached"] == 1
    assert attached(iam, NAME) == ["mfa-control"]
    assert days.deliver(twice=True) == [f"Your AWS user {NAME} needs MFA from now on"]
    assert days.sweep()["attached"] == 0
    assert "existing-users-enforced" in days.stack.ops.kinds()


@pytest.mark.parametrize("since", [0, 6])
def test_notice(days: Days, existing: Callable[..., str], since: int) -> None:
    """A user whose day has come waits until the days of notice are over."""
    alice = existing()
    days.remind()
    days.stack.people.put(**{**days.item(alice), "announced_day": {"S": TODAY.isoformat()}})
    days.announced_earlier(alice, since)

    assert days.sweep()["attached"] == 0


def test_tag_moves_the_day(days: Days, existing: Callable[..., str]) -> None:
    """A tag moves the day of its user; a tag that is no day lets the user wait."""
    existing("later@example.com", mfa_enforce_from="2099-01-15 wave 2")
    existing("odd@example.com", mfa_enforce_from="soon")

    subjects = days.remind()

    assert "AWS user later@example.com needs MFA from 15 January 2099" in " ".join(subjects)
    assert any("Reminder: register MFA for your AWS user odd@example.com" in subject for subject in subjects)
    assert days.sweep()["attached"] == 0


@pytest.mark.parametrize(("chosen", "number"), [("wait", 0), ("enforce", 1)])
def test_unreachable(days: Days, existing: Callable[..., str], chosen: str, number: int) -> None:
    """Ops choose whether users without an address wait, or are enforced without a mail."""
    days.stack.update(UnreachableUsers=chosen)
    existing("no-address")
    existing()

    assert days.remind() != []
    assert days.sweep()["attached"] == number
    assert days.deliver() == []


def test_user_with_a_device(iam: "IAMClient", days: Days, existing: Callable[..., str]) -> None:
    """A user who is enrolled or cannot sign in gets a mail about access keys."""
    existing()
    existing("robot@example.com", password=False)
    iam.create_access_key(UserName="robot@example.com")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=device["SerialNumber"], AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    day = TODAY + timedelta(days=7)

    assert days.remind() == [
        f"AWS user {name}: from {day:%-d %B %Y} its access keys need MFA" for name in (NAME, "robot@example.com")
    ]
    assert days.remind() == []


@pytest.mark.parametrize("operation", ["AttachUserPolicy", "SendMessage"])
def test_failure_at_the_attachment(
    iam: "IAMClient", days: Days, existing: Callable[..., str], calls: Calls, operation: str
) -> None:
    """If the mail cannot be queued or the policy not attached, the next sweep does both, and one mail is sent."""
    days.stack.update(NoticeDays="0")
    existing()
    days.remind()
    calls.fail(operation, "AccessDenied", status=403)

    with pytest.raises(SweepIncomplete):
        days.sweep()
    assert attached(iam, NAME) == []
    assert days.sweep()["attached"] == 1

    assert days.deliver() == [f"Your AWS user {NAME} needs MFA from now on"]


def test_no_date_no_read(days: Days, existing: Callable[..., str], calls: Calls) -> None:
    """Before the day a sweep reads no records; on the day it reads those of a hundred users at once."""
    days.stack.update(EnforceExistingUsersFrom=(TODAY + timedelta(days=1)).isoformat())
    for number in range(101):
        existing(f"user{number}@example.com", password=False)
    days.sweep()
    assert "BatchGetItem" not in calls

    days.stack.update(EnforceExistingUsersFrom=TODAY.isoformat())
    days.sweep()

    assert calls.count("BatchGetItem") == 2


def test_day_moved_after_the_fact(iam: "IAMClient", days: Days, existing: Callable[..., str]) -> None:
    """A day that moves after a user was enforced frees nobody, also if somebody detaches the policy then."""
    days.stack.update(NoticeDays="0")
    existing()
    days.remind()
    days.sweep()
    days.sweep()
    days.stack.update(EnforceExistingUsersFrom="2099-01-01")
    iam.detach_user_policy(UserName=NAME, PolicyArn=days.stack.policy_arn)

    assert days.sweep()["attached"] == 1
