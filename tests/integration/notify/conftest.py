"""What the tests of the notify handler share: the people table, the mails that SES takes, a reminder that is due."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.iam.models import iam_backends

from aws import clients
from domain.contact.languages import Language
from domain.reminders.message import ReminderKind, ReminderMessage
from tests.integration.conftest import Calls
from tests.integration.deployment import ACCOUNT, Context, Items, Stack

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


@pytest.fixture(autouse=True)
def stack(stack: Stack) -> Stack:
    stack.update(SenderEmail=SENDER, AllowedEmailDomains="example.com", Contact="cloud-team@example.com")
    stack.run("NotifyFunction")
    boto3.client("ses").verify_email_identity(EmailAddress=SENDER)
    return stack


@pytest.fixture
def context() -> Context:
    return Context("NotifyFunction")


class People:
    """The people table."""

    def __init__(self, items: Items) -> None:
        self._items = items

    def put(self, user_id: str, **attributes: Any) -> None:  # noqa: ANN401  (attributes are typed by DynamoDB)
        self._items.put(user_id={"S": user_id}, **attributes)

    def get(self, user_id: str) -> dict[str, Any]:
        """Return the item, without the name and the key."""
        item = self._items.get(user_id=user_id) or {}
        return {
            name: next(iter(value.values())) for name, value in item.items() if name not in {"user_id", "user_name"}
        }


@pytest.fixture
def people(stack: Stack) -> People:
    return People(stack.people)


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


REMINDED = "Reminder: register MFA for your AWS user alice (takes five minutes)"


@pytest.fixture
def managed(iam: "IAMClient", due: ReminderMessage) -> ReminderMessage:
    """An escalation that goes to the manager as well."""
    iam.tag_user(UserName=NAME, Tags=[{"Key": "manager-email", "Value": "lead@example.com"}])
    return replace(due, kind=ReminderKind.ESCALATION, cause="escalation#2026-11-24", cc="lead@example.com", days=14)
