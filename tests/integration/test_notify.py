"""The notify handler on moto: who gets which mail, that nobody gets one twice, and what SES's answers lead to."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.iam.models import iam_backends

from aws import clients
from domain.contact.languages import Language
from domain.input.settings import InvalidSetting
from domain.reminders.message import ReminderKind, ReminderMessage
from notify.handler import lambda_handler
from tests.integration.conftest import ACCOUNT, Calls, Context, Log, batch, failed

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

SENDER = "mfa@example.com"
NAME = "alice"
ADDRESS = "alice@example.com"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/mfa-enforcer/mfa-control"
DENY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
PHONE = f"arn:aws:iam::{ACCOUNT}:mfa/alice-phone"

OF_OLD = datetime(2026, 11, 24, 9, tzinfo=UTC)

Read = Callable[[str], str]
Person = Callable[..., str]


class People:
    """The people table."""

    def __init__(self) -> None:
        self._client = boto3.client("dynamodb")
        self._client.create_table(
            TableName="people",
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, user_id: str, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self._client.put_item(TableName="people", Item={"user_id": {"S": user_id}, **attributes})

    def get(self, user_id: str) -> dict[str, Any]:
        """Return the item, without the name and the key."""
        item = self._client.get_item(TableName="people", Key={"user_id": {"S": user_id}}).get("Item", {})
        return {
            name: next(iter(value.values())) for name, value in item.items() if name not in {"user_id", "user_name"}
        }


@pytest.fixture(autouse=True)
def people(monkeypatch: pytest.MonkeyPatch, account: None) -> People:
    environment = {
        "PEOPLE_TABLE": "people",
        "POLICY_ARN": POLICY,
        "GROUP_NAME": "mfa-control",
        "EXEMPT_TAG_KEY": "mfa-exempt",
        "EXEMPT_PATHS": "/service/",
        "SENDER_EMAIL": SENDER,
        "SES_REGION": "us-east-1",
        "CONFIGURATION_SET": "feedback",
        "EMAIL_TAG_KEY": "email",
        "DEFAULT_EMAIL_DOMAIN": "",
        "ALLOWED_EMAIL_DOMAINS": "example.com",
        "DEFAULT_LANGUAGE": "en",
        "CONTACT": "cloud-team@example.com",
        "DRY_RUN": "false",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    return People()


@pytest.fixture
def calls(calls: Calls) -> Calls:
    """SES is fast enough for no test to wait; moto does not know the call."""
    calls.answer("GetAccount", *[json.dumps({"SendQuota": {"MaxSendRate": 1_000_000.0}})] * 2000)
    return calls


@pytest.fixture
def sent(calls: Calls) -> list[dict[str, Any]]:
    """The requests that SES has taken, in their order."""
    requests: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: object) -> None:
        asked.append(json.loads(params["body"]))

    def taken(parsed: dict[str, Any], **_: object) -> None:
        if "MessageId" in parsed:
            requests.append(asked[-1])

    asked: list[dict[str, Any]] = []
    events = clients.sesv2_without_retries("us-east-1").meta.events
    events.register("before-call.sesv2.SendEmail", keep)
    events.register("after-call.sesv2.SendEmail", taken)
    return requests


@pytest.fixture
def person(iam: "IAMClient", people: People) -> Person:
    """Create a user who is reachable by the tag and older than the sample events; return the id."""

    def create(
        name: str = NAME, *, path: str = "/", email: str = ADDRESS, created: datetime = OF_OLD, **tags: str
    ) -> str:
        tags = {"email": email, **tags}
        named = [{"Key": key.replace("_", "-"), "Value": value} for key, value in tags.items() if value]
        user = iam.create_user(UserName=name, Path=path, Tags=named)["User"]  # type: ignore[arg-type]  # tags are tags
        iam_backends[ACCOUNT]["aws"].users[name].create_date = created
        return user["UserId"]

    return create


@pytest.fixture
def due(person: Person, people: People) -> ReminderMessage:
    """A first reminder to a person who has no MFA, as remind leaves it."""
    user_id = person()
    people.put(user_id, user_name={"S": NAME}, unenrolled_since={"S": "2026-11-24"})
    return ReminderMessage(
        kind=ReminderKind.REMINDER,
        cause="reminder#2026-11-24",
        user_name=NAME,
        user_id=user_id,
        to=ADDRESS,
        cc=None,
        language=Language.ENGLISH,
        unenrolled_since=date(2026, 11, 24),
        number=1,
        days=0,
    )


def enrol(iam: "IAMClient", name: str = NAME, serial: str = PHONE) -> None:
    if ":mfa/" in serial:
        iam.create_virtual_mfa_device(VirtualMFADeviceName=serial.rpartition("/")[2])
    iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )


def changed(event: str, **detail: Any) -> str:  # noqa: ANN401  (JSON)
    """Return an event with other values in its detail."""
    body = json.loads(event)
    body["detail"].update(detail)
    return json.dumps(body)


def young(event: str) -> str:
    return changed(event, eventTime=datetime.now(UTC).isoformat())


def subjects(sent: list[dict[str, Any]]) -> list[str]:
    return [request["Content"]["Simple"]["Subject"]["Data"] for request in sent]


REMINDED = "Reminder: your AWS user alice has no MFA device yet"


def test_a_reminder_is_one_mail_that_is_counted_before_it_is_sent(
    due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    (request,) = sent
    assert request["FromEmailAddress"] == SENDER
    assert request["Destination"] == {"ToAddresses": [ADDRESS]}
    assert request["ConfigurationSetName"] == "feedback"
    assert request["EmailTags"] == [{"Name": "kind", "Value": "reminder"}, {"Name": "user_id", "Value": due.user_id}]
    assert subjects(sent) == [REMINDED]
    assert "https://111122223333.signin.aws.amazon.com/console" in request["Content"]["Simple"]["Body"]["Text"]["Data"]
    item = people.get(due.user_id)
    assert datetime.fromisoformat(item.pop("last_reminded")).date() == datetime.now(UTC).date()
    assert item == {"unenrolled_since": "2026-11-24", "reminders": "1", "causes": ["reminder#2026-11-24"]}
    assert calls == [
        "GetUser",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "ListMFADevices",
        "ListAccountAliases",
        "GetAccount",
        "UpdateItem",
        "SendEmail",
        "UpdateItem",
    ]


def test_what_is_the_same_for_all_mails_is_read_once_per_batch(
    person: Person, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context, due: ReminderMessage
) -> None:
    names = [f"user{number}" for number in range(9)]
    others = [replace(due, user_name=name, user_id=person(name)) for name in names]
    for other in others:
        people.put(other.user_id, unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(*[message.to_json() for message in (due, *others)]), context)

    assert len(sent) == 10
    assert (calls.count("ListAccountAliases"), calls.count("GetAccount")) == (1, 1)


@pytest.fixture
def managed(iam: "IAMClient", due: ReminderMessage) -> ReminderMessage:
    """An escalation that goes to the manager as well."""
    iam.tag_user(UserName=NAME, Tags=[{"Key": "manager-email", "Value": "lead@example.com"}])
    return replace(due, kind=ReminderKind.ESCALATION, cause="escalation#2026-11-24", cc="lead@example.com", days=14)


def test_an_escalation_goes_to_the_manager_too(
    managed: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    lambda_handler(batch(managed.to_json()), context)

    assert sent[0]["Destination"] == {"ToAddresses": [ADDRESS], "CcAddresses": ["lead@example.com"]}
    assert subjects(sent) == ["Escalation: AWS user alice has been without MFA for 14 days"]


def test_the_accounts_alias_is_in_the_address_to_sign_in_at(
    iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.create_account_alias(AccountAlias="example-corp")

    lambda_handler(batch(due.to_json()), context)

    body = sent[0]["Content"]["Simple"]["Body"]
    assert "https://example-corp.signin.aws.amazon.com/console" in body["Text"]["Data"]
    assert 'href="https://example-corp.signin.aws.amazon.com/console"' in body["Html"]["Data"]


def test_delivered_twice_it_is_sent_once(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    lambda_handler(batch(due.to_json(), due.to_json()), context)
    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    assert len(sent) == 1
    assert people.get(due.user_id)["reminders"] == "1"


def test_of_two_reminders_that_waited_only_one_goes_out_in_whichever_order(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    next_day = replace(due, cause="reminder#2026-11-25", days=1)

    lambda_handler(batch(next_day.to_json(), due.to_json()), context)

    assert len(sent) == 1
    assert people.get(due.user_id)["causes"] == ["reminder#2026-11-25"]


@pytest.mark.parametrize("serial", [PHONE, f"arn:aws:iam::{ACCOUNT}:u2f/user/alice/key-EXAMPLE", "GAHT12345678"])
def test_who_enrolled_while_the_reminder_waited_is_not_nagged(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context, serial: str
) -> None:
    enrol(iam, serial=serial)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


def test_a_reminder_that_counts_from_another_day_is_overtaken(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    people.put(due.user_id, unenrolled_since={"S": "2026-11-25"})

    lambda_handler(batch(due.to_json()), context)

    assert sent == []


def test_a_user_who_is_gone_gets_none(
    iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.delete_user(UserName=NAME)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])


def test_a_password_is_a_welcome(
    person: Person, people: People, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    user_id = person(language="ja")

    lambda_handler(batch(event_text("create_login_profile"), event_text("create_login_profile")), context)

    assert subjects(sent) == ["【AWS】ユーザー alice の MFA デバイスを登録してください"]
    assert sent[0]["Destination"] == {"ToAddresses": [ADDRESS]}
    item = people.get(user_id)
    assert item.pop("claim_token")
    assert item == {
        "causes": ["welcome#2026-11-24#b6246771-c845-4070-a377-1407e8e72789"],
        "account": "111122223333",
    }


def test_root_is_no_user_of_the_name_of_the_account(
    person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """CloudTrail gives the account's alias as root's user name, which may be that of a user."""
    person()
    event = json.loads(event_text("deactivate_mfa_device_self_no_username"))
    event["detail"]["userIdentity"].update(type="Root", userName=NAME)

    assert failed(lambda_handler(batch(json.dumps(event)), context)) == []
    assert subjects(sent) == []


def test_a_passkey_that_the_call_does_not_name_is_welcome(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """A registration without a serial number leads to a mail that names no device."""
    person()
    enrol(iam)
    event = json.loads(event_text("enable_mfa_device_fido"))
    del event["detail"]["requestParameters"]["serialNumber"]

    assert failed(lambda_handler(batch(json.dumps(event)), context)) == []
    assert subjects(sent) == ["Your AWS user alice has an MFA device: now sign in again"]


def test_who_has_a_device_needs_no_welcome(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person()
    enrol(iam)

    lambda_handler(batch(event_text("create_login_profile")), context)

    assert sent == []


def test_who_registers_a_device_is_told_how_the_command_line_works_with_it(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person(path="/engineering/")
    iam.create_policy(PolicyName="mfa-control", Path="/mfa-enforcer/", PolicyDocument=DENY)
    iam.attach_user_policy(UserName=NAME, PolicyArn=POLICY)
    enrol(iam)

    lambda_handler(batch(event_text("enable_mfa_device_virtual"), event_text("enable_mfa_device_virtual")), context)

    assert subjects(sent) == ["Your AWS user alice has an MFA device: now sign in again"]
    text = sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert f"aws sts get-session-token --serial-number {PHONE} --token-code 123456" in text
    assert f"User: arn:aws:iam::{ACCOUNT}:user/engineering/alice is not authorized" in text


def test_a_device_that_is_gone_again_is_not_congratulated_on(
    person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person()

    response = lambda_handler(batch(event_text("enable_mfa_device_virtual")), context)

    assert (failed(response), sent) == ([], [])


def test_the_last_device_removed_is_told_and_another_is_not(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person()
    enrol(iam, serial=f"arn:aws:iam::{ACCOUNT}:mfa/alice-tablet")

    lambda_handler(batch(event_text("deactivate_mfa_device_by_admin")), context)
    before = list(sent)
    iam.deactivate_mfa_device(UserName=NAME, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/alice-tablet")
    lambda_handler(batch(event_text("deactivate_mfa_device_self_no_username")), context)

    assert before == []
    assert subjects(sent) == ["Your AWS user alice has no MFA device any more"]


def test_a_device_replaced_by_another_is_one_mail_in_whichever_order(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person()
    enrol(iam)

    lambda_handler(
        batch(event_text("enable_mfa_device_virtual"), event_text("deactivate_mfa_device_self_no_username")), context
    )

    assert subjects(sent) == ["Your AWS user alice has an MFA device: now sign in again"]


@pytest.mark.parametrize(
    ("event", "serial"),
    [
        ("create_login_profile", None),
        ("enable_mfa_device_virtual", None),
        ("deactivate_mfa_device_by_admin", PHONE),
    ],
)
def test_what_iam_does_not_show_yet_goes_back_to_the_queue(
    iam: "IAMClient",
    person: Person,
    sent: list[dict[str, Any]],
    context: Context,
    event_text: Read,
    event: str,
    serial: str | None,
) -> None:
    if event != "create_login_profile":
        person()
    if serial:
        enrol(iam, serial=serial)

    response = lambda_handler(batch(young(event_text(event))), context)

    assert (failed(response), sent) == (["m0"], [])


@pytest.mark.parametrize("event", ["create_login_profile", "deactivate_mfa_device_by_admin"])
def test_name_used_again(
    person: Person, calls: Calls, sent: list[dict[str, Any]], context: Context, event_text: Read, event: str
) -> None:
    """What was done to an earlier user is not told to the user who has the name now, even if the message waited."""
    message = young(event_text(event))
    first = lambda_handler(batch(message), context)
    person(email="another.alice@example.com", created=datetime.now(UTC) + timedelta(seconds=1))

    second = lambda_handler(batch(message, tries=2), context)

    assert (failed(first), failed(second), sent) == (["m0"], [], [])


def test_address_comes_later(
    iam: "IAMClient",
    person: Person,
    sent: list[dict[str, Any]],
    context: Context,
    event_text: Read,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A welcome waits for the address, on as many tries as the queue has to spare, and that counts as no failure."""
    person(email="")
    message = young(event_text("create_login_profile"))

    waiting = [lambda_handler(batch(message, tries=tries), context) for tries in (1, 2, 3, 4)]
    iam.tag_user(UserName=NAME, Tags=[{"Key": "email", "Value": ADDRESS}])
    response = lambda_handler(batch(message, tries=5), context)

    assert [failed(each) for each in waiting] == [["m0"]] * 4
    assert (failed(response), len(sent)) == ([], 1)
    assert "TriesFailed" not in capsys.readouterr().out


def test_a_user_who_is_gone_is_told_nothing(sent: list[dict[str, Any]], context: Context, event_text: Read) -> None:
    response = lambda_handler(batch(event_text("create_login_profile")), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(
    "about",
    [{"path": "/service/"}, {"mfa_exempt": "robot"}, {"email": ""}, {"email": "alice@elsewhere.example"}],
    ids=lambda about: next(iter(about)),
)
def test_whoever_is_exempt_or_unreachable_is_told_nothing(
    person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read, about: dict[str, str]
) -> None:
    person(**about)

    response = lambda_handler(batch(event_text("create_login_profile")), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(
    "event", ["enable_mfa_device_root", "enable_mfa_device_error_bad_code", "create_user_console", "forwarded"]
)
def test_root_failed_calls_other_calls_and_other_accounts_are_nobodys_mail(
    person: Person, calls: Calls, sent: list[dict[str, Any]], context: Context, event_text: Read, event: str
) -> None:
    person()
    body = event_text("create_login_profile" if event == "forwarded" else event)
    if event == "forwarded":
        body = body.replace(ACCOUNT, "444455556666")

    response = lambda_handler(batch(body), context)

    assert (failed(response), calls) == ([], [])


@pytest.mark.parametrize("request_of", [{"userName": NAME}, {"userName": NAME, "serialNumber": "as chosen by IAM"}])
def test_device_without_serial_number(
    iam: "IAMClient",
    person: Person,
    sent: list[dict[str, Any]],
    context: Context,
    event_text: Read,
    request_of: dict[str, str],
) -> None:
    """A device that the record does not name is told of like any other."""
    person()
    registered, removed = (
        changed(event_text(event), requestParameters=request_of)
        for event in ("enable_mfa_device_fido", "deactivate_mfa_device_by_admin")
    )
    passkey = f"arn:aws:iam::{ACCOUNT}:u2f/user/alice/key-EXAMPLE"
    enrol(iam, serial=passkey)

    first = lambda_handler(batch(registered), context)
    iam.deactivate_mfa_device(UserName=NAME, SerialNumber=passkey)
    second = lambda_handler(batch(removed), context)

    assert (failed(first), failed(second)) == ([], [])
    assert subjects(sent) == [
        "Your AWS user alice has an MFA device: now sign in again",
        "Your AWS user alice has no MFA device any more",
    ]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("SendingPausedException", 400),
        ("AccountSuspendedException", 400),
        ("MailFromDomainNotVerifiedException", 400),
        ("NotFoundException", 404),
        ("AccessDeniedException", 403),
    ],
)
def test_what_ses_does_not_take_now_goes_back_to_the_queue_and_is_sent_once_in_the_end(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    code: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    people.put(
        due.user_id,
        unenrolled_since={"S": "2026-11-24"},
        reminders={"N": "1"},
        last_reminded={"S": "2026-11-23T09:00:00+00:00"},
        causes={"SS": ["welcome#1"]},
    )
    message = replace(due, number=2)
    before = people.get(due.user_id)
    calls.fail("SendEmail", code, status=status)

    response = lambda_handler(batch(message.to_json()), context)
    released = people.get(due.user_id)
    again = lambda_handler(batch(message.to_json()), context)

    assert (failed(response), released) == (["m0"], before)
    assert "MailsNotSent" in capsys.readouterr().out
    assert (failed(again), len(sent), people.get(due.user_id)["reminders"]) == ([], 1, "2")


def test_a_first_reminder_that_is_released_has_never_been(
    due: ReminderMessage, people: People, calls: Calls, context: Context
) -> None:
    calls.fail("SendEmail", "TooManyRequestsException", status=429)

    lambda_handler(batch(due.to_json()), context)

    item = people.get(due.user_id)
    assert item == {"unenrolled_since": "2026-11-24", "reminders": "0"}


def test_an_address_that_ses_refuses_is_remembered_and_not_tried_again(
    due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    calls.fail("SendEmail", "MessageRejected", status=400)

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert ([failed(response) for response in responses], sent) == ([[], []], [])
    assert calls.count("SendEmail") == 1
    item = people.get(due.user_id)
    assert item == {
        "unenrolled_since": "2026-11-24",
        "reminders": "0",
        "causes": ["reminder#2026-11-24"],
        "address_trouble": "SES refused it: MessageRejected",
        "address_trouble_of": ADDRESS,
    }


UNVERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "


@pytest.mark.parametrize(
    ("identities", "back"),
    [
        (f"{ADDRESS}, {SENDER}", True),
        (SENDER, True),
        (SENDER.upper(), True),
        (ADDRESS, False),
        (f"x{SENDER}", False),
    ],
)
def test_a_sender_that_is_not_verified_is_no_fault_of_the_persons_address(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    identities: str,
    back: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENDER_EMAIL", "MFA@example.com")
    calls.fail("SendEmail", "MessageRejected", status=400, message=UNVERIFIED + identities)

    response = lambda_handler(batch(due.to_json()), context)

    assert bool(failed(response)) == back
    assert ("address_trouble" in people.get(due.user_id)) != back


@pytest.mark.parametrize("named", ["lead@example.com", "LEAD@example.com"])
def test_a_manager_who_is_not_verified_keeps_no_mail_from_the_person(
    managed: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    log: Log,
    named: str,
) -> None:
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}{named}")

    response = lambda_handler(batch(managed.to_json()), context)

    assert failed(response) == []
    (request,) = sent
    assert request["Destination"] == {"ToAddresses": [ADDRESS]}
    assert "lead@example.com" not in json.dumps(request)
    assert "address_trouble" not in people.get(managed.user_id)
    assert "last_reminded" in people.get(managed.user_id)
    assert log.entry("Mail sent, but not to the manager, whose address SES refused")["user_name"] == NAME


def test_no_time_without_the_manager(
    managed: ReminderMessage, people: People, calls: Calls, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that SES refuses for the manager is given back if there is no time to send it to the person alone."""
    left = iter([60_000, 60_000, 20_000])
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: next(left))
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}lead@example.com")

    response = lambda_handler(batch(managed.to_json()), context)

    assert (failed(response), calls.count("SendEmail")) == (["m0"], 1)
    assert people.get(managed.user_id) == {"unenrolled_since": "2026-11-24", "reminders": "0"}


def test_a_person_who_is_not_verified_either_is_in_trouble(
    managed: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}{ADDRESS}, lead@example.com")

    lambda_handler(batch(managed.to_json()), context)

    assert sent == []
    assert people.get(managed.user_id)["address_trouble_of"] == ADDRESS


def test_a_mail_that_ses_takes_clears_the_trouble_with_the_address(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    people.put(
        due.user_id,
        unenrolled_since={"S": "2026-11-24"},
        address_trouble={"S": "SES refused it"},
        address_trouble_of={"S": ADDRESS},
    )

    lambda_handler(batch(due.to_json()), context)

    assert len(sent) == 1
    assert not {"address_trouble", "address_trouble_of"} & people.get(due.user_id).keys()


def test_a_mail_whose_answer_got_lost_is_not_sent_again(
    due: ReminderMessage, people: People, calls: Calls, context: Context
) -> None:
    calls.break_off("SendEmail", ReadTimeoutError(endpoint_url="https://email.us-east-1.amazonaws.com"))

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [[], []]
    assert calls.count("SendEmail") == 1
    item = people.get(due.user_id)
    assert (item["causes"], item["claimed_on"]) == (["reminder#2026-11-24"], "2026-11-24")
    assert "last_reminded" not in item


@pytest.mark.parametrize("fault", [("InternalServiceErrorException", 500), ("ServiceUnavailable", 503), None])
def test_ses_fails(
    due: ReminderMessage, people: People, calls: Calls, context: Context, fault: tuple[str, int] | None
) -> None:
    """A mail that SES answers with a fault of its own is not sent again, and is not known to have gone out."""
    if fault:
        calls.fail("SendEmail", fault[0], status=fault[1])
    else:
        calls.lose_answer("SendEmail")

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [[], []]
    assert calls.count("SendEmail") == 1
    assert "last_reminded" not in people.get(due.user_id)


def test_ses_answers_what_cannot_be_read(due: ReminderMessage, people: People, calls: Calls, context: Context) -> None:
    """An answer with status 200 means that SES has taken the mail, whatever is left of its text."""
    calls.answer("SendEmail", '{"MessageId": "01')

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    assert "last_reminded" in people.get(due.user_id)


@dataclass(frozen=True)
class Minute(Context):
    """The context of a run of a minute, of which each look at the clock takes four seconds."""

    left: Iterator[int] = field(default_factory=lambda: iter(range(60_000, 0, -4_000)))

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # it passes
        return next(self.left)


@pytest.fixture
def outage(calls: Calls) -> Callable[[int], None]:
    """Let DynamoDB fail so many times once SES has answered."""

    def begin(times: int) -> None:
        def fail(**_: object) -> None:
            events.unregister("after-call.sesv2.SendEmail", fail)
            calls.fail("UpdateItem", "InternalServerError", status=500, times=times)

        events = clients.sesv2_without_retries("us-east-1").meta.events
        events.register("after-call.sesv2.SendEmail", fail)

    return begin


def test_confirm_late(due: ReminderMessage, people: People, outage: Callable[[int], None]) -> None:
    """A mail that SES has taken is confirmed as soon as the table can be written, so none follows the next day."""
    outage(15)

    response = lambda_handler(batch(due.to_json()), Minute())

    assert failed(response) == []
    item = people.get(due.user_id)
    assert ("last_reminded" in item, "claimed_on" in item) == (True, False)


def test_release_late(
    person: Person, calls: Calls, sent: list[dict[str, Any]], event_text: Read, outage: Callable[[int], None]
) -> None:
    """A mail that SES has not taken is given back as soon as the table can be written, and so is not lost."""
    person()
    calls.fail("SendEmail", "TooManyRequestsException", status=429)
    outage(15)

    responses = [lambda_handler(batch(event_text("create_login_profile")), Minute()) for _ in range(2)]

    assert ([failed(response) for response in responses], len(sent)) == ([["m0"], []], 1)


def test_confirm_never(due: ReminderMessage, people: People, calls: Calls, outage: Callable[[int], None]) -> None:
    """A mail that cannot be confirmed in time is not sent again by its message, and is still due another day."""
    outage(1000)

    first = lambda_handler(batch(due.to_json()), Minute())
    calls.forget("UpdateItem")
    again = lambda_handler(batch(due.to_json(), tries=2), Minute())

    assert (failed(first), failed(again), calls.count("SendEmail")) == (["m0"], [], 1)
    assert "claimed_on" in people.get(due.user_id)


def test_a_mail_that_never_reached_ses_is_tried_again(
    due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    calls.break_off("SendEmail", ConnectTimeoutError(endpoint_url="https://email.us-east-1.amazonaws.com"))

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [["m0"], []]
    assert len(sent) == 1


def test_a_claim_whose_answer_got_lost_is_ours_all_the_same(
    due: ReminderMessage, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    calls.lose_answer("UpdateItem")

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), len(sent)) == ([], 1)
    assert calls.count("UpdateItem") == 3


@pytest.mark.parametrize(("claimed_on", "mails"), [({"claimed_on": {"S": "2026-11-24"}}, 1), ({}, 0)])
def test_another_try_is_for_a_first_one_that_is_still_not_confirmed(
    due: ReminderMessage,
    people: People,
    sent: list[dict[str, Any]],
    context: Context,
    claimed_on: dict[str, Any],
    mails: int,
) -> None:
    people.put(
        due.user_id,
        user_name={"S": NAME},
        unenrolled_since={"S": "2026-11-24"},
        reminders={"N": "1"},
        causes={"SS": [due.cause]},
        **claimed_on,
    )
    again = replace(due, cause=f"{due.cause}#2026-11-25", number=2, days=1)

    response = lambda_handler(batch(again.to_json()), context)

    assert (failed(response), len(sent)) == ([], mails)


def test_who_was_exempted_while_the_reminder_waited_is_not_nagged(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.tag_user(UserName=NAME, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


@pytest.mark.parametrize("by", ["attachment", "group", "nothing"])
def test_who_is_not_enforced_is_not_told_that_everything_is_denied(
    iam: "IAMClient",
    policy_arn: str,
    group: str,
    due: ReminderMessage,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr("domain.users.APPEARS_WITHIN", timedelta(0))  # the user is not new
    if by == "attachment":
        iam.attach_user_policy(UserName=NAME, PolicyArn=policy_arn)
    if by == "group":
        iam.add_user_to_group(GroupName=group, UserName=NAME)

    lambda_handler(batch(due.to_json()), context)

    # If the policy is attached, the groups are not read.
    assert ("ListGroupsForUser" in calls) is (by != "attachment")
    assert ("denies you nearly everything" in json.dumps(sent)) is (by != "nothing")


class Crash(BaseException):
    """The worker dies: nothing catches it."""


@pytest.mark.parametrize(
    ("operation", "mails"),
    [
        ("GetUser", 1),
        ("ListMFADevices", 1),
        ("ListAccountAliases", 1),
        ("GetAccount", 1),
        ("UpdateItem", 1),
        ("SendEmail", 0),
    ],
)
def test_a_crash_before_the_claim_loses_nothing_and_one_after_it_doubles_nothing(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    operation: str,
    mails: int,
) -> None:
    calls.break_off(operation, Crash())

    with pytest.raises(Crash):
        lambda_handler(batch(due.to_json()), context)
    lambda_handler(batch(due.to_json()), context)

    assert len(sent) == mails


def test_only_the_malformed_message_goes_back(
    due: ReminderMessage, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    bodies = ["{", "[]", '{"kind": "reminder"}', due.to_json(), changed(event_text("email_bounced"), eventType="Fax")]

    response = lambda_handler(batch(*bodies), context)

    assert failed(response) == ["m0", "m1", "m2", "m4"]
    assert len(sent) == 1


def test_without_a_sender_nothing_is_asked_and_nothing_is_sent(
    due: ReminderMessage,
    calls: Calls,
    context: Context,
    event_text: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENDER_EMAIL", "")

    response = lambda_handler(batch(due.to_json(), event_text("create_login_profile")), context)

    assert (failed(response), calls) == ([], [])


def test_a_dry_run_sends_and_writes_nothing(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    context: Context,
    event_text: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DRY_RUN", "true")
    bounced = event_text("email_bounced").replace("AIDAEXAMPLEALICEXXXXX", due.user_id)

    response = lambda_handler(batch(due.to_json(), bounced), context)

    assert failed(response) == []
    assert not {"UpdateItem", "SendEmail"} & set(calls)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("email_bounced", "bounced, Permanent, General: smtp; 550 5.1.1 user unknown"),
        ("email_complaint_received", "complained of as spam, abuse"),
        ("email_rejected", "rejected, Bad content"),
    ],
)
def test_what_became_of_a_mail_is_remembered_for_the_digest(
    people: People, calls: Calls, context: Context, event_text: Read, event: str, reason: str
) -> None:
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    response = lambda_handler(batch(event_text(event)), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {
        "unenrolled_since": "2026-11-24",
        "address_trouble": reason,
        "address_trouble_of": ADDRESS,
    }


def test_a_bounce_that_may_pass_is_not_held_against_the_address(
    people: People, calls: Calls, context: Context, event_text: Read
) -> None:
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})
    transient = event_text("email_bounced").replace('"Permanent"', '"Transient"')

    response = lambda_handler(batch(transient), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {"unenrolled_since": "2026-11-24"}


@pytest.mark.parametrize("kind", ["Permanent", "Undetermined"])
def test_bounce_that_does_not_pass(people: People, calls: Calls, context: Context, event_text: Read, kind: str) -> None:
    """A bounce is held against the address unless SES says that it may pass."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(event_text("email_bounced").replace('"Permanent"', f'"{kind}"')), context)

    assert people.get("AIDAEXAMPLEALICEXXXXX")["address_trouble"].startswith(f"bounced, {kind}, General")


def test_complaint_of_one_of_two(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    """A complaint for which SES names several recipients says that it may have been another."""
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})
    named = [{"emailAddress": address} for address in ("lead@example.com", ADDRESS)]
    complaint = {"complainedRecipients": named, "complaintFeedbackType": "abuse"}

    lambda_handler(batch(changed(event_text("email_complaint_received"), complaint=complaint)), context)

    trouble = people.get("AIDAEXAMPLEALICEXXXXX")["address_trouble"]
    assert trouble == "complained of as spam, abuse, by one of its recipients"


def test_the_managers_address_is_not_the_persons(
    people: People, calls: Calls, context: Context, event_text: Read
) -> None:
    people.put("AIDAEXAMPLEALICEXXXXX", unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(event_text("email_bounced_at_the_manager")), context)

    assert people.get("AIDAEXAMPLEALICEXXXXX") == {"unenrolled_since": "2026-11-24"}


def test_a_bounce_makes_nobody_known(people: People, calls: Calls, context: Context, event_text: Read) -> None:
    response = lambda_handler(batch(event_text("email_bounced")), context)

    assert failed(response) == []
    assert people.get("AIDAEXAMPLEALICEXXXXX") == {}


def test_no_mail_is_begun_without_the_time_for_it(
    due: ReminderMessage, calls: Calls, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 20_000)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), calls) == (["m0"], [])


def test_a_mail_that_waited_for_its_turn_too_long_is_not_claimed(
    due: ReminderMessage, people: People, calls: Calls, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([60_000, 20_000])
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: next(left))

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == ["m0"]
    assert not {"UpdateItem", "SendEmail"} & set(calls)


def test_the_sample_that_ops_can_send_by_hand_is_understood(
    person: Person, people: People, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    user_id = person()
    people.put(user_id, unenrolled_since={"S": "2026-11-24"})
    sample = event_text("notify_batch_of_two").replace("AIDAEXAMPLEALICEXXXXX", user_id)

    response = lambda_handler(json.loads(sample), context)

    assert failed(response) == []
    assert subjects(sent) == [REMINDED, "Your AWS user alice: register an MFA device first"]


def test_the_log_tells_which_mail_and_neither_the_address_nor_the_text(
    due: ReminderMessage, sent: list[dict[str, Any]], context: Context, log: Log
) -> None:
    lambda_handler(batch(due.to_json()), context)

    entry = log.entry("Mail sent")
    assert (entry["user_name"], entry["cause"]) == (NAME, "reminder#2026-11-24")
    assert ADDRESS not in log.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_TABLE", ""),
        ("POLICY_ARN", ""),
        ("GROUP_NAME", ""),
        ("SES_REGION", ""),
        ("EXEMPT_PATHS", "/"),
        ("ALLOWED_EMAIL_DOMAINS", "example.com,*"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("DRY_RUN", "yes"),
    ],
)
def test_a_wrong_setting_stops_the_batch_and_is_named(
    due: ReminderMessage, context: Context, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(batch(due.to_json()), context)
