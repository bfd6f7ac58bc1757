"""The remind handler: the users who get a mail, from which day they count, and the cause of each mail."""

import json
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from moto.iam.models import iam_backends

from aws import clients
from domain.contact.languages import Language
from domain.reminders.message import ReminderKind, ReminderMessage
from remind.handler import lambda_handler
from tests.integration.conftest import Calls
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.remind.conftest import NAME, TODAY, Person, Surroundings, ago, enrol, report_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_reminds_an_unenrolled_user(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user without MFA is mailed, written to the table and listed in the digest."""
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


def test_reads_in_bulk(iam: "IAMClient", person: Person, calls: Calls, context: Context, event: dict[str, Any]) -> None:
    """A run reads in bulk, and reads single devices only of the users that it mails."""
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


def test_mails_no_other_user(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user who is enrolled, dormant, exempt or without an allowed address gets no mail."""
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


def test_access_key_only(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user with only an access key gets no mail, and the digest lists them as unable to enrol."""
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
    assert "THEY CANNOT ENROL BY THEMSELVES (1)\n" in digest["Message"]
    assert f"- {NAME}: since today, NOT ENFORCED\n" in digest["Message"]
    assert "\nWITHOUT MFA" not in digest["Message"]


def test_password_beside_the_access_key(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user with an access key who gets a password is reminded from that day on."""
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
def test_device_newer_than_the_report(
    iam: "IAMClient",
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    serial: str,
) -> None:
    """A passkey or token that is newer than the report prevents the mail and ends the count."""
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


def test_user_deleted_meanwhile(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user who is deleted during the run gets no mail."""
    person()
    calls.fail("ListMFADevices", "NoSuchEntity", status=404)

    lambda_handler(event, context)

    assert around.mails() == []


def test_escalation(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """An escalation names the manager as a recipient and takes the language of the tag."""
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


def test_repeated_run_plans_the_same(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A repeated run plans the same cause, and no mail once the cause is claimed."""
    user_id = person()

    lambda_handler(event, context)
    lambda_handler(event, context)
    first, second = around.mails()
    around.people.client.update_item(
        TableName=around.people.table,
        Key={"user_id": {"S": user_id}},
        UpdateExpression="ADD causes :cause",
        ExpressionAttributeValues={":cause": {"SS": [first.cause]}},
    )
    lambda_handler(event, context)

    assert first == second
    assert around.mails() == []


def test_unconfirmed_reminder(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A reminder that was claimed and never confirmed is planned again the next day with another cause."""
    user_id = person()
    claimed = {"reminders": {"N": "3"}, "causes": {"SS": [f"reminder#{ago(2)}"]}, "claimed_on": {"S": ago(1)}}
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(5)}, **claimed)

    lambda_handler(event, context)

    (message,) = around.mails()
    assert (message.cause, message.number) == (f"reminder#{ago(2)}#{TODAY}", 4)


def test_two_runs_at_once(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Two runs at the same time count from the same day and plan the same cause."""
    user_id = person()
    calls.answer("Scan", json.dumps({"Items": [], "Count": 0}))
    around.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": ago(0)}, reminders={"N": "1"})

    lambda_handler(event, context)

    assert (around.item(user_id) or {})["reminders"] == {"N": "1"}
    assert [message.cause for message in around.mails()] == [f"reminder#{TODAY}"]


def test_days_in_any_order(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """ReminderDays may come in any order, because the template cannot require one."""
    stack.update(ReminderDays="7,3,0,3")
    person()

    lambda_handler(event, context)

    assert [message.number for message in around.mails()] == [1]


def test_counts_from_today_without_a_record(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user without an item who was able to enrol before the latest run counts from today."""
    user_id = person()
    iam_backends["111122223333"]["aws"].users[NAME].create_date -= timedelta(days=3)
    clients.iam().generate_credential_report()
    for days in (1, 5):
        at = datetime.now(UTC) - timedelta(days=days)
        around.put(f"run#{at.isoformat()}", at={"S": at.isoformat()}, totals={"M": {"enrolled": {"N": "1"}}})

    lambda_handler(event, context)

    assert (around.item(user_id) or {})["unenrolled_since"] == {"S": TODAY.isoformat()}


def test_deleted_user_expires(
    iam: "IAMClient", around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """The item of a deleted user expires after 90 days."""
    around.put("AIDAEXAMPLEGONE", user_name={"S": "gone"}, unenrolled_since={"S": ago(30)})

    lambda_handler(event, context)

    expires = int((around.item("AIDAEXAMPLEGONE") or {})["expires"]["N"])
    assert date.fromtimestamp(expires) == TODAY + timedelta(days=90)  # noqa: DTZ012  (both are UTC days)


@pytest.mark.parametrize(
    ("zone", "at", "exempt"),
    [
        ("Asia/Tokyo", datetime(2026, 11, 24, 23, 30, tzinfo=UTC), 1),
        ("America/Los_Angeles", datetime(2026, 11, 25, 1, 0, tzinfo=UTC), 0),
    ],
)
def test_exemption_ends_in_utc(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    at: datetime,
    exempt: int,
) -> None:
    """An exemption ends with its last day in UTC, whichever time zone is set for the reminders."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(at.timestamp(), tz)

    stack.update(ReminderTimeZone=zone)
    monkeypatch.setattr("remind.handler.datetime", Clock)
    person(mfa_exempt="2026-11-24")

    assert lambda_handler(event, context)["exempt"] == exempt


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_days_of_the_time_zone(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    zone: str,
) -> None:
    """The days are those of ReminderTimeZone."""
    stack.update(ReminderTimeZone=zone)
    user_id = person()

    # The two are 26 hours apart: in one of them at least it is another day than in UTC.
    before = datetime.now(ZoneInfo(zone)).date()
    lambda_handler(event, context)

    (message,) = around.mails()
    assert message.unenrolled_since in {before, datetime.now(ZoneInfo(zone)).date()}
    assert message.days == 0
    assert (around.item(user_id) or {})["unenrolled_since"] == {"S": message.unenrolled_since.isoformat()}
