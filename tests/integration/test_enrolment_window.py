"""The enrolment window, from remind through enforce, release and notify on moto: told, closed, reopened."""

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
from domain.enforcement.release_request import ReleaseRequest
from domain.enrolment.window_request import WindowChange, WindowRequest
from enforce.handler import lambda_handler as enforce
from notify.handler import lambda_handler as notify
from release.handler import lambda_handler as release
from remind.handler import lambda_handler as remind
from remind.publishing import RunIncomplete
from tests.conftest import EVENTS
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Inbox, Stack

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

NAME = "alice@example.com"
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
LAST_DAY = TODAY + timedelta(days=14)
SES = {
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 1_000_000.0, "SentLast24Hours": 3.0},
}


class Account:
    """Runs the functions as the schedule and the queues do."""

    def __init__(self, stack: Stack, calls: Calls) -> None:
        self.stack, self.calls, self.mails = stack, calls, list[dict[str, Any]]()
        self.closings = Inbox(stack.ref("ChangedUsers"))
        events = clients.sesv2_without_retries("us-east-1").meta.events
        events.register("before-call.sesv2.SendEmail", self._keep)
        calls.answer("GetAccount", *[json.dumps(SES)] * 99)
        calls.answer("GetEmailIdentity", *['{"VerifiedForSendingStatus": true}'] * 99)

    def _keep(self, params: dict[str, Any], **_: object) -> None:
        self.mails.append(json.loads(params["body"]))

    def remind(self) -> list[str]:
        """Run once, and return the requests to close users."""
        self.stack.run("RemindFunction")
        clients.iam().generate_credential_report()
        remind({}, Context("RemindFunction", request_id=str(uuid4())))
        return self.closings.take()

    def close(self, *requests: str) -> list[str]:
        """Let enforce handle the requests, and return those that fail."""
        self.stack.run("EnforceFunction")
        return failed(enforce(batch(*requests), Context("EnforceFunction")))

    def reopen(self, *requests: str) -> None:
        """Let release handle what is queued for it, and these requests."""
        bodies = [*self.stack.requests.take(), *requests]
        self.stack.run("ReleaseFunction")
        assert not failed(release(batch(*bodies), Context("ReleaseFunction")))

    def deliver(self) -> list[str]:
        """Deliver the mails, each twice, and return their subjects."""
        bodies = [body for body in self.stack.mails.take() for _ in range(2)]
        self.stack.run("NotifyFunction")
        self.mails.clear()
        for body in bodies:
            assert not failed(notify(batch(body), Context("NotifyFunction")))
        return [mail["Content"]["Simple"]["Subject"]["Data"] for mail in self.mails]

    def item(self, user_id: str) -> dict[str, Any]:
        return self.stack.people.get(user_id=user_id) or {}

    def let_the_window_end(self, user_id: str) -> None:
        """Let so many days pass that yesterday was the last one."""
        self.stack.people.put(**{**self.item(user_id), "window_until": {"S": YESTERDAY.isoformat()}})


@pytest.fixture
def account(stack: Stack, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(queues, "_SHOWN_WITHIN_SECONDS", 0)  # moto shows at once
    stack.update(SenderEmail="mfa@example.com", EnrolmentWindowDays="14", ChangeDelaySeconds="0")
    boto3.client("ses").verify_email_identity(EmailAddress="mfa@example.com")
    return Account(stack, calls)


@pytest.fixture
def alice(iam: "IAMClient", stack: Stack) -> str:
    """An enforced user with a password and no device; her id."""
    tags = [{"Key": "manager-email", "Value": "lead@example.com"}]
    user_id = iam.create_user(UserName=NAME, Tags=tags)["User"]["UserId"]  # type: ignore[arg-type]  # tags are tags
    iam.create_login_profile(UserName=NAME, Password="correct horse battery staple")
    iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    return user_id


@pytest.fixture
def ended(account: Account, alice: str) -> str:
    """Her id, after her window has ended."""
    account.remind()
    account.deliver()
    account.let_the_window_end(alice)
    return alice


@pytest.fixture
def closed(account: Account, ended: str) -> str:
    """Her id, after she was closed."""
    assert not account.close(*account.remind())
    account.deliver()
    return ended


def tags(iam: "IAMClient") -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName=NAME)["Tags"]}


def register_device(iam: "IAMClient") -> None:
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )


def exempt(iam: "IAMClient") -> None:
    iam.tag_user(UserName=NAME, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])


def test_told_then_closed(iam: "IAMClient", account: Account, alice: str) -> None:
    """A user is told of the last day, closed after it, and told that once, with the manager."""
    assert account.remind() == []
    account.deliver()
    [mail] = account.mails
    assert f"until {LAST_DAY:%-d %B %Y}" in mail["Content"]["Simple"]["Body"]["Text"]["Data"].replace("\n", " ")
    assert account.item(alice)["window_until"] == {"S": LAST_DAY.isoformat()}

    account.let_the_window_end(alice)
    [request] = account.remind()
    assert not account.close(request, request)
    assert tags(iam)["mfa-closed"].startswith(TODAY.isoformat())
    assert account.item(alice)["closed_on"] == {"S": TODAY.isoformat()}
    assert account.deliver() == [f"Your AWS user {NAME} is closed: no MFA device was registered in time"]
    assert account.mails[0]["Destination"] == {"ToAddresses": [NAME], "CcAddresses": ["lead@example.com"]}

    assert account.remind() == []
    assert account.deliver() == []


def test_reopened_by_ops(iam: "IAMClient", account: Account, closed: str) -> None:
    """After ops have removed the tag, the user has all days again, and no earlier request closes the user."""
    late = WindowRequest(WindowChange.CLOSE, closed, NAME, ACCOUNT).to_json()
    iam.untag_user(UserName=NAME, TagKeys=["mfa-closed"])
    account.close(late)
    assert "mfa-closed" not in tags(iam)

    assert account.remind() == []
    assert account.item(closed)["window_until"] == {"S": LAST_DAY.isoformat()}
    assert "closed_on" not in account.item(closed)
    account.close(late)
    assert "mfa-closed" not in tags(iam)


@pytest.mark.parametrize("meanwhile", [register_device, exempt], ids=["enrolled", "exempt"])
def test_stale_run(iam: "IAMClient", account: Account, ended: str, meanwhile: Callable[["IAMClient"], None]) -> None:
    """A user who has enrolled or was exempted after the run is not closed."""
    requests = account.remind()
    assert len(requests) == 1
    meanwhile(iam)

    assert not account.close(*requests)
    assert "mfa-closed" not in tags(iam)
    assert account.deliver() == []


def test_without_password_or_policy(iam: "IAMClient", account: Account, ended: str, stack: Stack) -> None:
    """A user who has no password, or is not enforced, when the request arrives is not closed."""
    [request] = account.remind()
    iam.detach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    account.close(request)
    iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    iam.delete_login_profile(UserName=NAME)
    account.close(request)

    assert "mfa-closed" not in tags(iam)


def test_other_user_of_that_name(iam: "IAMClient", account: Account, ended: str) -> None:
    """A later user with the same name is not closed, and neither is a user of another account."""
    [request] = account.remind()
    account.close(request.replace(ended, "AIDAEARLIER"), request.replace(ACCOUNT, "999988887777"))

    assert "mfa-closed" not in tags(iam)


def test_old_report(iam: "IAMClient", account: Account, ended: str) -> None:
    """A device that the credential report does not show yet keeps a run from asking."""
    account.calls.answer(
        "ListMFADevices",
        "<ListMFADevicesResponse><ListMFADevicesResult><MFADevices><member>"
        f"<UserName>{NAME}</UserName><SerialNumber>GAHT12345678</SerialNumber>"
        "<EnableDate>2026-11-24T00:00:00Z</EnableDate>"
        "</member></MFADevices><IsTruncated>false</IsTruncated></ListMFADevicesResult></ListMFADevicesResponse>",
    )

    assert account.remind() == []
    assert "window_until" not in account.item(ended)


def test_recent_sign_in(iam: "IAMClient", account: Account, ended: str) -> None:
    """A user who has signed in since the report is not closed by enforce, and after that not asked for by a run."""
    [request] = account.remind()
    user = iam_backends[ACCOUNT]["aws"].users[NAME]
    now = datetime.now(UTC)
    account.calls.answer(
        "GetUser",
        "<GetUserResponse><GetUserResult><User>"
        f"<Path>/</Path><UserName>{NAME}</UserName><UserId>{ended}</UserId><Arn>{user.arn}</Arn>"
        f"<CreateDate>2026-11-01T00:00:00Z</CreateDate><PasswordLastUsed>{now:%Y-%m-%dT%H:%M:%SZ}</PasswordLastUsed>"
        "</User></GetUserResult></GetUserResponse>",
    )
    account.close(request)
    assert "mfa-closed" not in tags(iam)

    user.password_last_used = now  # type: ignore[assignment]  # moto sets it to None only
    assert account.remind() == []


def test_no_tag_no_record(iam: "IAMClient", account: Account, ended: str) -> None:
    """If the tag cannot be set, the request is tried again, and nothing is remembered until then."""
    [request] = account.remind()
    account.calls.fail("TagUser", "AccessDenied", status=403)
    assert account.close(request) == ["m0"]
    assert "closed_on" not in account.item(ended)

    assert account.close(request) == []
    assert "mfa-closed" in tags(iam)
    assert len(account.deliver()) == 1


def test_killed_after_the_tag(iam: "IAMClient", account: Account, ended: str) -> None:
    """If enforce ends right after the tag was set, the second delivery remembers the closing."""
    [request] = account.remind()
    account.calls.fail("UpdateItem", "AccessDeniedException", status=400)
    assert account.close(request) == ["m0"]
    closed_at = tags(iam)["mfa-closed"]

    assert account.close(request) == []
    assert account.item(ended)["closed_on"] == {"S": TODAY.isoformat()}
    assert tags(iam)["mfa-closed"] == closed_at
    assert len(account.deliver()) == 1


@pytest.mark.parametrize("meanwhile", [register_device, exempt], ids=["enrolled", "exempt"])
def test_reopened_by_the_run(
    iam: "IAMClient", account: Account, closed: str, meanwhile: Callable[["IAMClient"], None]
) -> None:
    """A closed user who got a device or an exemption is reopened, however often the request is delivered."""
    meanwhile(iam)
    account.remind()
    [request] = account.stack.requests.take()
    account.reopen(request, request)

    assert "mfa-closed" not in tags(iam)


def test_exempt_user_is_reopened_with_the_release(iam: "IAMClient", account: Account, closed: str) -> None:
    """The release of an exempt user also removes the tag, and no other tag."""
    exempt(iam)
    account.reopen(ReleaseRequest(closed, NAME, account=ACCOUNT).to_json())

    assert tags(iam) == {"mfa-exempt": "robot", "manager-email": "lead@example.com"}


@pytest.mark.parametrize(("minutes", "reopened"), [(-60, False), (60, True)])
def test_new_password(iam: "IAMClient", account: Account, closed: str, minutes: int, reopened: bool) -> None:
    """A password that ops have set after the closing reopens the user, one from before does not."""
    set_at = datetime.now(UTC) + timedelta(minutes=minutes)
    account.reopen(WindowRequest(WindowChange.REOPEN, closed, NAME, ACCOUNT, TODAY, set_at).to_json())

    assert ("mfa-closed" not in tags(iam)) is reopened


def password_event(name: str, at: datetime) -> str:
    event = json.loads((EVENTS / f"{name}.json").read_text())
    event["detail"]["eventTime"] = at.isoformat()
    event["detail"]["requestParameters"]["userName"] = NAME
    return json.dumps(event)


@pytest.mark.parametrize("event", ["create_login_profile", "update_login_profile"])
@pytest.mark.parametrize(("minutes", "reopened"), [(-60, False), (1, False), (60, True)])
def test_password_event(
    iam: "IAMClient", account: Account, closed: str, event: str, minutes: int, reopened: bool
) -> None:
    """A password that ops set is enough to reopen the user, without a run; one from before the closing is not."""
    users = iam_backends[ACCOUNT]["aws"].users
    users[NAME].create_date = datetime(2026, 1, 1, tzinfo=UTC)
    body = password_event(event, datetime.now(UTC) + timedelta(minutes=minutes))
    assert not account.close(body, body)
    account.reopen()

    assert ("mfa-closed" not in tags(iam)) is reopened


def test_password_of_an_open_user(account: Account, alice: str) -> None:
    """A password of a user who is not closed asks for nothing, and neither does one of an earlier user."""
    assert not account.close(password_event("update_login_profile", datetime.now(UTC) + timedelta(hours=1)))
    iam_tags = [{"Key": "mfa-closed", "Value": ""}]
    clients.iam().tag_user(UserName=NAME, Tags=iam_tags)  # type: ignore[arg-type]  # tags are tags
    assert not account.close(password_event("update_login_profile", datetime(2020, 1, 1, tzinfo=UTC)))

    assert account.stack.requests.take() == []


def test_request_without_reason(iam: "IAMClient", account: Account, closed: str) -> None:
    """Nobody is reopened because a message asks for it."""
    account.reopen(
        WindowRequest(WindowChange.REOPEN, closed, NAME, ACCOUNT, TODAY).to_json(),
        WindowRequest(WindowChange.CLOSE, closed, NAME, ACCOUNT, TODAY).to_json(),
    )

    assert "mfa-closed" in tags(iam)


def test_limit_taken_back(iam: "IAMClient", account: Account, closed: str) -> None:
    """If ops set no limit again, the users that the tool closed are reopened, and nobody has a window."""
    account.stack.update(EnrolmentWindowDays="0")
    account.remind()
    account.reopen()
    account.remind()

    assert "mfa-closed" not in tags(iam)
    assert not {"window_until", "closed_on"} & account.item(closed).keys()


def test_limit_set_late(account: Account, alice: str) -> None:
    """Nobody is closed on the day on which ops set a limit, however long they have had no device."""
    account.remind()
    account.stack.people.put(**{**account.item(alice), "unenrolled_since": {"S": "2026-01-01"}})
    account.stack.update(EnrolmentWindowDays="0")
    account.remind()
    account.stack.update(EnrolmentWindowDays="1")

    assert account.remind() == []
    assert account.item(alice)["window_until"] == {"S": (TODAY + timedelta(days=1)).isoformat()}


def test_dry_run(iam: "IAMClient", account: Account, ended: str) -> None:
    """A dry run asks for nothing, and closes and reopens nobody."""
    [request] = account.remind()
    account.stack.update(DryRun="true")
    assert account.remind() == []
    account.close(request)
    assert "mfa-closed" not in tags(iam)

    iam.tag_user(UserName=NAME, Tags=[{"Key": "mfa-closed", "Value": "2026-01-01"}])
    register_device(iam)
    account.reopen(WindowRequest(WindowChange.REOPEN, ended, NAME, ACCOUNT, TODAY).to_json())
    assert "mfa-closed" in tags(iam)


def test_request_not_queued(account: Account, ended: str) -> None:
    """If a request cannot be queued, the run counts as incomplete, and the next one asks again."""
    account.calls.fail("SendMessage", "AccessDenied", status=403)
    with pytest.raises(RunIncomplete):
        account.remind()

    assert len(account.remind()) == 1


def test_no_reminder_after_the_last_day(account: Account, alice: str) -> None:
    """A user who can no longer enrol gets no reminder to do so."""
    account.remind()
    assert len(account.stack.mails.take()) == 1
    account.let_the_window_end(alice)

    account.remind()

    assert account.stack.mails.take() == []
