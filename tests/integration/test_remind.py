"""The remind handler on moto: who is mailed and who is not, what is remembered, and what a failure leaves behind."""

import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from moto.iam.models import iam_backends

from aws import clients
from domain.contact.languages import Language
from domain.input.settings import InvalidSetting
from domain.reminders.message import ReminderKind, ReminderMessage
from remind.handler import lambda_handler
from remind.publishing import RunIncomplete
from tests.integration.conftest import ACCOUNT, Calls, Context, Log

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

TODAY = datetime.now(UTC).date()
NAME = "alice@example.com"


@dataclass(frozen=True)
class LongContext(Context):
    """The context of a function with fifteen minutes, of which these are left."""

    function_name: str = "remind"
    left: int = 900_000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # left over differs from test to test
        return self.left


def next_run() -> LongContext:
    """The context of a run that the schedule starts, which repeats no other."""
    return LongContext(aws_request_id=str(uuid4()))


class Surroundings:
    """What remind writes to: the table, the mail queue, and a queue that is subscribed to the ops topic."""

    def __init__(self) -> None:
        self.dynamodb, self.sqs, sns = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("sns")
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="reports")
        self.dynamodb.create_table(
            TableName="people",
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.mail = self.sqs.create_queue(QueueName="mail")["QueueUrl"]
        self.ops = self.sqs.create_queue(QueueName="ops")["QueueUrl"]
        self.topic = sns.create_topic(Name="ops")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:111122223333:ops")

    def _taken(self, url: str) -> list[str]:
        bodies: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def mails(self) -> list[ReminderMessage]:
        """Take every message off the mail queue, in the order of the user names."""
        found = [ReminderMessage.from_json(body) for body in self._taken(self.mail)]
        return sorted(found, key=lambda message: message.user_name)

    def digests(self) -> list[dict[str, Any]]:
        """Take what ops were told."""
        return [json.loads(body) for body in self._taken(self.ops)]

    def item(self, user_id: str) -> dict[str, Any] | None:
        return self.dynamodb.get_item(TableName="people", Key={"user_id": {"S": user_id}}).get("Item")

    def put(self, user_id: str, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self.dynamodb.put_item(TableName="people", Item={"user_id": {"S": user_id}, **attributes})

    def kept(self) -> dict[str, str]:
        """Read the files in the bucket by their keys."""
        keys = [found["Key"] for found in self.s3.list_objects_v2(Bucket="reports").get("Contents", [])]
        return {key: self.s3.get_object(Bucket="reports", Key=key)["Body"].read().decode("utf-8-sig") for key in keys}

    def items(self) -> int:
        return self.dynamodb.scan(TableName="people", Select="COUNT")["Count"]


@pytest.fixture
def context() -> Context:
    return LongContext()


@pytest.fixture(autouse=True)
def around(monkeypatch: pytest.MonkeyPatch, policy_arn: str) -> Surroundings:
    surroundings = Surroundings()
    clients.iam().generate_credential_report()
    environment = {
        "PEOPLE_TABLE": "people",
        "MAIL_QUEUE_URL": surroundings.mail,
        "OPS_TOPIC_ARN": surroundings.topic,
        "POLICY_ARN": policy_arn,
        "GROUP_NAME": "mfa-control",
        "EXEMPT_TAG_KEY": "mfa-exempt",
        "EXEMPT_PATHS": "/service/",
        "SENDER_EMAIL": "mfa@example.com",
        "SES_REGION": "us-east-1",
        "EMAIL_TAG_KEY": "email",
        "DEFAULT_EMAIL_DOMAIN": "",
        "ALLOWED_EMAIL_DOMAINS": "example.com",
        "DEFAULT_LANGUAGE": "en",
        "REMINDER_TIME_ZONE": "UTC",
        "REMINDER_DAYS": "0,1,3,7,14",
        "ESCALATE_AFTER_DAYS": "14",
        "REPORT_BUCKET": "reports",
        "REPORT_RETENTION_DAYS": "400",
        "DRY_RUN": "false",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return surroundings


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
    """SES's answer about an account that may send so many mails in 24 hours and has sent some of them."""
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


def test_who_has_no_mfa_is_mailed_and_remembered_and_ops_are_told(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()

    totals = lambda_handler(event, context)

    assert around.mails() == [
        ReminderMessage(
            kind=ReminderKind.REMINDER,
            cause=f"reminder#{TODAY}",
            user_name=NAME,
            user_id=user_id,
            to=NAME,
            cc=None,
            language=Language.ENGLISH,
            unenrolled_since=TODAY,
            number=1,
            days=0,
            account=ACCOUNT,
        )
    ]
    assert around.item(user_id) == {
        "user_id": {"S": user_id},
        "user_name": {"S": NAME},
        "first_seen": {"S": TODAY.isoformat()},
        "unenrolled_since": {"S": TODAY.isoformat()},
        "account": {"S": ACCOUNT},
    }
    (digest,) = around.digests()
    assert digest["Subject"] == "MFA in 111122223333: 1 not enrolled"
    assert f"- {NAME}: since today, no reminder yet, one goes out now, NOT ENFORCED" in digest["Message"]
    assert {key: value["Value"] for key, value in digest["MessageAttributes"].items()} == {
        "account": ACCOUNT,
        "kind": "digest",
        "severity": "information",
    }
    assert digest["Message"].endswith(f"\n\nAWS account {ACCOUNT}\n")
    assert (totals["unenrolled"], totals["reminders"]) == (1, 1)


def test_the_run_reads_in_bulk_and_looks_only_at_whom_it_mails(
    iam: "IAMClient", person: Person, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    for number in range(30):
        person(f"enrolled{number}@example.com")
        enrol(iam, f"enrolled{number}@example.com")
    person()

    lambda_handler(event, context)

    assert calls == [
        "Scan",
        "ListEntitiesForPolicy",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "GetAccountAuthorizationDetails",
        "ListVirtualMFADevices",
        "GetAccount",
        "GetEmailIdentity",
        "ListMFADevices",
        "UpdateItem",
        "SendMessageBatch",
        "PutItem",
        "PutObject",
        "PutObject",
        "Publish",
        "PutItem",
    ]


def test_nobody_else_is_mailed(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person("enrolled@example.com")
    enrol(iam, "enrolled@example.com")
    person("dormant@example.com", password=False)
    person("robot@example.com", path="/service/")
    person("exempt@example.com", mfa_exempt="robot")
    person("unreachable")
    person("outside@evil.example")

    totals = lambda_handler(event, context)

    assert around.mails() == []
    assert {state: totals[state] for state in ("enrolled", "unenrolled", "dormant", "exempt")} == {
        "enrolled": 1,
        "unenrolled": 2,
        "dormant": 1,
        "exempt": 2,
    }


def test_who_has_only_an_access_key_can_follow_no_mail_and_is_listed(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person(password=False)
    key = iam.create_access_key(UserName=NAME)["AccessKey"]["AccessKeyId"]
    person("inactive@example.com", password=False)
    inactive = iam.create_access_key(UserName="inactive@example.com")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="inactive@example.com", AccessKeyId=inactive, Status="Inactive")

    totals = lambda_handler(event, context)

    assert key
    assert around.mails() == []
    assert (totals["unenrolled"], totals["dormant"]) == (1, 1)
    (digest,) = around.digests()
    assert "NOTHING THEY CAN DO BY THEMSELVES (1)\n" in digest["Message"]
    assert f"- {NAME}: since today, NOT ENFORCED\n" in digest["Message"]
    assert "\nNOT ENROLLED" not in digest["Message"]


def test_who_gets_a_password_beside_the_access_key_is_reminded_from_that_day_on(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person(password=False)
    iam.create_access_key(UserName=NAME)
    lambda_handler(event, context)
    item = around.item(user_id) or {}
    around.put(**{**item, "user_id": user_id, "unenrolled_since": {"S": ago(60)}})
    iam.create_login_profile(UserName=NAME, Password="correct horse battery staple")

    lambda_handler(event, context)

    assert item["key_only"] == {"BOOL": True}
    (message,) = around.mails()
    assert (message.kind, message.days, message.unenrolled_since) == (ReminderKind.REMINDER, 0, TODAY)
    assert "key_only" not in (around.item(user_id) or {})


@pytest.mark.parametrize("serial", ["arn:aws:iam::111122223333:u2f/user/alice/key-EXAMPLE", "GAHT12345678"])
def test_a_passkey_or_token_registered_after_the_report_was_made_keeps_the_mail_back(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    serial: str,
) -> None:
    user_id = person()
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(3)}, reminders={"N": "2"})
    calls.answer("GetCredentialReport", report_of(iam))
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )

    totals = lambda_handler(event, context)

    assert around.mails() == []
    assert totals["enrolled"] == 1
    item = around.item(user_id) or {}
    assert item["enrolled_at"] == {"S": TODAY.isoformat()}
    assert "unenrolled_since" not in item


def report_of(iam: "IAMClient", shifted: str = "") -> str:
    """The answer to GetCredentialReport as IAM would give it now; the row of one user is shifted by a comma."""
    found = iam.get_credential_report()["Content"].decode()
    text = found.replace(f"\n{shifted},", "\nodd,one,", 1) if shifted else found
    content = b64encode(text.encode()).decode()
    return (
        "<GetCredentialReportResponse><GetCredentialReportResult>"
        f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
        "<GeneratedTime>2026-11-24T05:00:00Z</GeneratedTime>"
        "</GetCredentialReportResult></GetCredentialReportResponse>"
    )


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


def test_passwords_are_not_asked_for_when_time_is_up(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, event: dict[str, Any]
) -> None:
    calls.answer("GetCredentialReport", report_of(iam))
    person()

    lambda_handler(event, LongContext(left=60_000))

    assert "GetLoginProfile" not in calls


def test_a_run_asks_for_a_hundred_passwords_at_most(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A bulk creation of users does not cost the other users their reminder: the rest waits for the next report."""
    calls.answer("GetCredentialReport", report_of(iam))
    for number in range(102):
        person(f"user{number}@example.com")

    totals = lambda_handler(event, context)

    assert calls.count("GetLoginProfile") == 100
    assert (totals["unenrolled"], totals["unknown"]) == (100, 2)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_days_are_those_of_the_time_zone_that_ops_chose(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
) -> None:
    monkeypatch.setenv("REMINDER_TIME_ZONE", zone)
    user_id = person()

    # The two are 26 hours apart: in one of them at least it is another day than in UTC.
    before = datetime.now(ZoneInfo(zone)).date()
    lambda_handler(event, context)

    (message,) = around.mails()
    assert message.unenrolled_since in {before, datetime.now(ZoneInfo(zone)).date()}
    assert message.days == 0
    assert (around.item(user_id) or {})["unenrolled_since"] == {"S": message.unenrolled_since.isoformat()}


def test_an_escalation_goes_to_the_manager_too_in_the_language_of_the_tag(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person(language="ja", manager_email="lead@example.com")
    around.put(
        user_id,
        user_name={"S": NAME},
        unenrolled_since={"S": ago(15)},
        reminders={"N": "4"},
        last_reminded={"S": ago(8)},
    )

    lambda_handler(event, context)

    (message,) = around.mails()
    assert (message.kind, message.cause) == (ReminderKind.ESCALATION, f"escalation#{ago(1)}")
    assert (message.cc, message.language) == ("lead@example.com", Language.JAPANESE)
    assert (message.number, message.days) == (5, 15)


def test_run_twice_it_plans_the_same_cause_and_once_that_is_claimed_nothing(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()

    lambda_handler(event, context)
    lambda_handler(event, context)
    first, second = around.mails()
    around.dynamodb.update_item(
        TableName="people",
        Key={"user_id": {"S": user_id}},
        UpdateExpression="ADD causes :cause",
        ExpressionAttributeValues={":cause": {"SS": [first.cause]}},
    )
    lambda_handler(event, context)

    assert first == second
    assert around.mails() == []


def test_a_reminder_that_a_crash_has_swallowed_is_planned_again_the_next_day(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()
    claimed = {"reminders": {"N": "3"}, "causes": {"SS": [f"reminder#{ago(2)}"]}, "claimed_on": {"S": ago(1)}}
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(5)}, **claimed)

    lambda_handler(event, context)

    (message,) = around.mails()
    assert (message.cause, message.number) == (f"reminder#{ago(2)}#{TODAY}", 4)


def test_two_runs_at_once_count_from_the_same_day(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()
    calls.answer("Scan", json.dumps({"Items": [], "Count": 0}))
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(0)}, reminders={"N": "1"})

    lambda_handler(event, context)

    assert (around.item(user_id) or {})["reminders"] == {"N": "1"}
    assert [message.cause for message in around.mails()] == [f"reminder#{TODAY}"]


def test_without_a_sender_the_digest_is_all_there_is(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENDER_EMAIL", "")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    (digest,) = around.digests()
    assert "SenderEmail is empty" in digest["Message"]
    assert not {"ListMFADevices", "SendMessageBatch", "GetAccount"} & set(calls)


def test_a_dry_run_tells_and_writes_nothing(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
) -> None:
    monkeypatch.setenv("DRY_RUN", "true")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    assert around.items() == 0
    assert around.kept() == {}
    assert "This was a dry run" in " ".join(around.digests()[0]["Message"].split())
    assert log.entry("Reminder planned")["user_name"] == NAME
    assert NAME not in log.entry("Run done").values()


def test_ses_that_does_not_say_is_told_and_stops_nothing(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.fail("GetAccount", "AccessDeniedException", status=403)

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "SES did not say" in around.digests()[0]["Message"]


@pytest.mark.parametrize(
    ("unknown", "verified", "told"),
    [(0, True, False), (1, True, False), (2, True, False), (0, False, True), (3, False, True)],
)
def test_a_sender_that_neither_itself_nor_by_its_domain_is_verified_is_told(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    unknown: int,
    verified: bool,
    told: bool,
) -> None:
    """SES knows the address, its domain or the domain above that."""
    monkeypatch.setenv("SENDER_EMAIL", "mfa@mail.example.com")
    person()
    calls.forget("GetEmailIdentity")
    calls.answer("GetEmailIdentity", *[json.dumps({"VerifiedForSendingStatus": verified})] * 3)
    if unknown:
        calls.fail("GetEmailIdentity", "NotFoundException", status=404, times=unknown)

    lambda_handler(event, context)

    assert ("SES has not verified the sender" in around.digests()[0]["Message"]) == told
    assert len(around.mails()) == 1


def test_more_than_ses_sends_in_a_day_is_left_for_the_next_run_and_comes_round_to_everybody(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
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
    assert "2 people were not reminded: SES sends no more mails today. The next run goes on." in digest


def test_what_the_queue_refuses_is_sent_again_at_once(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.answer("SendMessageBatch", refused("0"))

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert calls.count("SendMessageBatch") == 2


def refused(*numbers: str) -> str:
    failures = [{"Id": number, "Code": "InternalError", "SenderFault": False} for number in numbers]
    return json.dumps({"Successful": [], "Failed": failures})


@pytest.mark.parametrize("fault", ["refused", "unreachable"])
def test_what_does_not_get_onto_the_queue_is_told_and_planned_again_by_the_next_run(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], fault: str
) -> None:
    for number in range(12):
        person(f"user{number:02}@example.com")
    if fault == "refused":
        calls.answer("SendMessageBatch", refused("3"), refused("3"), refused("3"))
    else:
        calls.fail("SendMessageBatch", "AWS.SimpleQueueService.NonExistentQueue", status=400)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)
    first = around.mails()
    lambda_handler(event, next_run())

    again = around.mails()
    lost, second = around.digests()
    assert "did not get onto the queue" in lost["Message"]
    assert lost["MessageAttributes"]["severity"]["Value"] == "alarm"
    assert "did not get onto the queue" not in second["Message"]
    assert len(first) < 12
    assert {message.user_name for message in again} == {f"user{number:02}@example.com" for number in range(12)}


@pytest.mark.parametrize("operation", ["Scan", "GetAccountAuthorizationDetails", "ListVirtualMFADevices"])
def test_a_page_that_fails_ends_the_run_before_anything_is_written(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], operation: str
) -> None:
    user_id = person()
    around.put("AIDASOMEBODYELSE", user_name={"S": "bob"}, unenrolled_since={"S": ago(3)})
    calls.fail(operation, "AccessDenied", status=403)

    with pytest.raises(ClientError):
        lambda_handler(event, context)

    assert (around.mails(), around.digests(), around.item(user_id)) == ([], [], None)
    assert "expires" not in (around.item("AIDASOMEBODYELSE") or {})


@pytest.mark.parametrize(
    "operation",
    [
        "Scan",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "GetAccountAuthorizationDetails",
        "ListVirtualMFADevices",
        "ListMFADevices",
        "UpdateItem",
        "SendMessageBatch",
        "GetAccount",
        "GetEmailIdentity",
        "Publish",
        "PutItem",
        "PutObject",
    ],
)
@pytest.mark.parametrize(("code", "status", "times"), [("AccessDenied", 403, 1), ("ServiceFailure", 500, 5)])
def test_wherever_a_run_fails_the_next_one_makes_up_for_it_under_the_same_cause(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    operation: str,
    code: str,
    status: int,
    times: int,
) -> None:
    ids = {person(name) for name in ("alice@example.com", "bob@example.com", "carol@example.com")}
    calls.fail(operation, code, status=status, times=times)

    with suppress(ClientError, RunIncomplete):
        lambda_handler(event, context)
    lambda_handler(event, context)

    assert {(message.user_id, message.cause) for message in around.mails()} == {
        (user_id, f"reminder#{TODAY}") for user_id in ids
    }
    assert all((around.item(user_id) or {})["unenrolled_since"] == {"S": TODAY.isoformat()} for user_id in ids)
    assert "3 not enrolled" in around.digests()[-1]["Subject"]


def test_who_cannot_be_looked_at_is_left_for_the_next_run_and_keeps_nobody_back(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person("first@example.com")
    person("second@example.com")
    calls.fail("ListMFADevices", "AccessDenied", status=403)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "1 person was not reminded: IAM did not say" in " ".join(around.digests()[0]["Message"].split())


def test_throttling_is_borne(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    for operation in ("GetAccountAuthorizationDetails", "ListVirtualMFADevices", "ListMFADevices"):
        calls.fail(operation, "Throttling", status=400, times=3)

    lambda_handler(event, context)

    assert len(around.mails()) == 1


def test_a_user_deleted_meanwhile_is_not_mailed(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.fail("ListMFADevices", "NoSuchEntity", status=404)

    lambda_handler(event, context)

    assert around.mails() == []


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


def test_when_time_is_up_the_rest_is_left_for_the_next_run(
    person: Person, around: Surroundings, calls: Calls, event: dict[str, Any]
) -> None:
    person()

    lambda_handler(event, LongContext(left=60_000))

    assert around.mails() == []
    assert "1 person was not reminded: time was up" in around.digests()[0]["Message"]


def test_a_user_who_is_gone_is_forgotten_in_time(
    iam: "IAMClient", around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    around.put("AIDAEXAMPLEGONE", user_name={"S": "gone"}, unenrolled_since={"S": ago(30)})

    lambda_handler(event, context)

    expires = int((around.item("AIDAEXAMPLEGONE") or {})["expires"]["N"])
    assert date.fromtimestamp(expires) == TODAY + timedelta(days=90)  # noqa: DTZ012  (both are UTC days)


def test_the_next_digest_says_what_has_changed_and_who_enrolled_is_no_longer_in_it(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    person("bob@example.com")
    lambda_handler(event, context)
    enrol(iam, "bob@example.com")

    lambda_handler(event, next_run())

    _, digest = around.digests()
    assert "     1  enrolled (+1)\n     1  not enrolled (\N{MINUS SIGN}1)\n" in digest["Message"]
    assert "bob@example.com" not in digest["Message"]


def test_a_report_of_the_run_is_kept_as_a_table_and_as_a_page_with_every_user(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()
    person("robot@example.com", path="/service/")
    person("bob@example.com")
    enrol(iam, "bob@example.com")
    lambda_handler(event, context)
    for key in around.kept():
        around.s3.delete_object(Bucket="reports", Key=key)

    lambda_handler(event, context)

    (table, rows), (page, html) = around.kept().items()
    assert (table[:19], table[-4:]) == (f"reports/{TODAY:%Y/%m/%d}/", ".csv")
    assert page == table.replace(".csv", ".html")
    assert [line.split(",")[1] for line in rows.splitlines()[1:]] == [NAME, "robot@example.com", "bob@example.com"]
    assert user_id in html
    assert "bob@example.com" in html


def test_a_report_that_cannot_be_kept_costs_neither_reminders_nor_the_digest_and_is_made_up_for(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    person()
    calls.fail("PutObject", "AccessDenied", status=403)

    with pytest.raises(ClientError):
        lambda_handler(event, context)
    first = (len(around.mails()), len(around.digests()), around.items())
    counted = "RemindersPlanned" in capsys.readouterr().out
    lambda_handler(event, context)

    assert first == (1, 1, 2)
    assert counted
    assert len(around.kept()) == 2


def test_a_run_that_lambda_repeats_tells_ops_once_and_the_next_run_tells_them_again(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.fail("PutObject", "AccessDenied", status=403, times=2)

    for _ in range(2):
        with pytest.raises(ClientError):
            lambda_handler(event, context)
    after_the_repetition = len(around.digests())
    lambda_handler(event, next_run())

    assert (after_the_repetition, len(around.digests())) == (1, 1)


@pytest.mark.parametrize(("fault", "completed"), [(None, True), ("PutObject", False), ("SendMessageBatch", False)])
def test_a_run_counts_as_completed_only_where_all_of_it_was_done(
    person: Person,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    fault: str | None,
    completed: bool,
) -> None:
    person()
    if fault:
        calls.fail(fault, "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises((ClientError, RunIncomplete)):
        lambda_handler(event, context)

    assert ("ReminderRunsCompleted" in capsys.readouterr().out) == completed


def test_the_numbers_reach_the_dashboard(
    person: Person, calls: Calls, context: Context, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    person()
    person("unreachable")

    lambda_handler(event, context)

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    found = json.loads(line)
    assert {name: found[name] for name in found if name.startswith(("Users", "Reminders", "Escalations"))} == {
        "UsersEnrolled": [0.0],
        "UsersUnenrolled": [2.0],
        "UsersDormant": [0.0],
        "UsersUnknown": [0.0],
        "UsersUnreachable": [1.0],
        "RemindersPlanned": [1.0],
        "Escalations": [0.0],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_TABLE", ""),
        ("MAIL_QUEUE_URL", ""),
        ("OPS_TOPIC_ARN", ""),
        ("POLICY_ARN", "mfa-control"),
        ("GROUP_NAME", ""),
        ("SES_REGION", ""),
        ("DEFAULT_EMAIL_DOMAIN", "@example.com"),
        ("ALLOWED_EMAIL_DOMAINS", "example.com,*"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("REMINDER_TIME_ZONE", "Mars/Olympus"),
        ("REMINDER_TIME_ZONE", "../etc/passwd"),
        ("REMINDER_TIME_ZONE", "Asia"),
        ("SENDER_EMAIL", "MFA <mfa@example.com>"),
        ("REMINDER_DAYS", ""),
        ("REMINDER_DAYS", "0,one"),
        ("ESCALATE_AFTER_DAYS", "0"),
        ("REPORT_BUCKET", ""),
        ("REPORT_RETENTION_DAYS", "0"),
        ("DRY_RUN", "yes"),
    ],
)
def test_a_wrong_setting_stops_the_run_and_is_named(
    context: Context, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(event, context)


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


def test_one_odd_row_and_one_odd_item_cost_nobody_else_a_reminder(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Ops are named what could not be read, and everybody else is reminded."""
    person()
    person("odd@example.com")
    around.put("AIDAODD", user_name={"S": "x"}, unenrolled_since={"S": "24.11.2026"})
    calls.answer("GetCredentialReport", report_of(iam, shifted="odd@example.com"))

    lambda_handler(event, context)

    assert NAME in {message.user_name for message in around.mails()}
    [digest] = around.digests()
    assert "could not be read: odd, AIDAODD" in " ".join(digest["Message"].split())


def test_one_refused_write_costs_nobody_else_a_reminder(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A person whose item the table refuses is named and waits; the run ends as failed after everything else."""
    for name in ("a@example.com", "b@example.com"):
        person(name)
    calls.fail("UpdateItem", "ValidationException", status=400)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    [reminded] = {message.user_name for message in around.mails()}
    [digest] = around.digests()
    [waiting] = {"a@example.com", "b@example.com"} - {reminded}
    assert waiting in " ".join(digest["Message"].split()).partition("could not be written down")[2]
    assert around.kept()


def test_a_group_without_the_policy_enforces_nobody(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A member of the group is not enforced in digest and report unless the group carries the policy."""
    iam.create_group(GroupName="mfa-control")
    person()
    iam.add_user_to_group(GroupName="mfa-control", UserName=NAME)

    lambda_handler(event, context)

    [table] = [text for key, text in around.kept().items() if key.endswith(".csv")]
    assert "through the group" not in table
    assert "NOT ENFORCED" in around.digests()[0]["Message"]


def test_a_digest_that_sns_refuses_costs_neither_report_nor_totals(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Report, totals and metrics are kept; Lambda's other try tells ops once and keeps one report."""
    person()
    calls.fail("Publish", "InternalError", status=500, times=5)

    with pytest.raises(ClientError):
        lambda_handler(event, context)
    kept = around.kept()
    assert "UsersUnenrolled" in capsys.readouterr().out
    lambda_handler(event, context)
    lambda_handler(event, context)

    assert [key.rpartition(".")[2] for key in sorted(kept)] == ["csv", "html"]
    assert around.kept().keys() == kept.keys()
    assert len(around.digests()) == 1


@pytest.mark.parametrize(
    ("zone", "at", "exempt"),
    [
        ("Asia/Tokyo", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), 1),
        ("America/Los_Angeles", datetime(2026, 11, 25, 1, 0, tzinfo=UTC), 0),
    ],
)
def test_the_last_day_of_an_exemption_is_that_of_utc(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    at: datetime,
    exempt: int,
) -> None:
    """A reminder run in any zone ends an exemption when those who enforce end it."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(at.timestamp(), tz)

    monkeypatch.setenv("REMINDER_TIME_ZONE", zone)
    monkeypatch.setattr("remind.handler.datetime", Clock)
    person(mfa_exempt="2026-11-24")

    assert lambda_handler(event, context)["exempt"] == exempt


def test_a_user_too_new_for_the_report_who_has_a_passkey_is_enrolled(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No bulk list has passkeys, so the devices of a user without a row are looked up, also if no mail is sent."""
    monkeypatch.setenv("SENDER_EMAIL", "")
    calls.answer("GetCredentialReport", report_of(iam))
    person()
    passkey = "arn:aws:iam::111122223333:u2f/user/alice/key-1"
    iam.enable_mfa_device(
        UserName=NAME, SerialNumber=passkey, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )

    assert lambda_handler(event, context)["enrolled"] == 1


def test_a_dry_run_that_fails_to_look_is_told_once(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dry run writes nothing, so another try could not know that ops were told: there is none."""
    monkeypatch.setenv("DRY_RUN", "true")
    person()
    calls.fail("ListMFADevices", "AccessDenied", status=403)

    lambda_handler(event, context)

    assert len(around.digests()) == 1


def test_a_run_that_has_expired_is_no_comparison(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """DynamoDB deletes an expired run within days only; it does not count in the meantime."""
    person()
    old = datetime.now(UTC) - timedelta(days=500)
    around.put(
        f"run#{old.isoformat()}",
        at={"S": old.isoformat()},
        totals={"M": {"enrolled": {"N": "1"}}},
        expires={"N": str(int((old + timedelta(days=400)).timestamp()))},
    )

    lambda_handler(event, context)

    assert "change since" not in around.digests()[0]["Message"]


def test_compares_with_the_latest_run(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Of several runs that are remembered, a digest compares with the latest."""
    person()
    for days, enrolled in ((1, "4"), (3, "9"), (2, "7")):
        at = datetime.now(UTC) - timedelta(days=days)
        totals = {"enrolled": {"N": enrolled}, "unenrolled": {"N": "1"}}
        around.put(f"run#{at.isoformat()}", at={"S": at.isoformat()}, totals={"M": totals})

    lambda_handler(event, context)

    [digest] = around.digests()
    assert "     0  enrolled (\N{MINUS SIGN}4)\n" in digest["Message"]


def test_counts_from_the_latest_run(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user able to enrol before the latest run, of whom nothing is remembered, counts from today.

    The user was exempt, say, when the latest run looked.
    """
    user_id = person()
    iam_backends["111122223333"]["aws"].users[NAME].create_date -= timedelta(days=3)
    clients.iam().generate_credential_report()
    for days in (1, 5):
        at = datetime.now(UTC) - timedelta(days=days)
        around.put(f"run#{at.isoformat()}", at={"S": at.isoformat()}, totals={"M": {"enrolled": {"N": "1"}}})

    lambda_handler(event, context)

    assert (around.item(user_id) or {})["unenrolled_since"] == {"S": TODAY.isoformat()}


def test_days_of_the_cadence_come_in_any_order(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The template cannot ask for an order, so no run is refused for it."""
    monkeypatch.setenv("REMINDER_DAYS", "7,3,0,3")
    person()

    lambda_handler(event, context)

    assert [message.number for message in around.mails()] == [1]
