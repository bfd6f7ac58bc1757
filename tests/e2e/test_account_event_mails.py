"""Users get mails and ops get notices in an account with the deployed stack."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from local.account import Account, eventually
from local.mailbox import Mailbox, OpsInbox, SentMail

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SENDER = "mfa@example.com"


@pytest.fixture(scope="module")
def mailbox(account: Account) -> Mailbox:
    mailbox = Mailbox(account.stack.cloud)
    mailbox.allow_sender(SENDER)
    return mailbox


@pytest.fixture(scope="module")
def ops(account: Account) -> OpsInbox:
    return OpsInbox(account)


@pytest.fixture
def person(account: Account) -> Iterator[str]:
    """A person with a password, deleted afterwards because digests are about all users."""
    name = account.create_user()
    account.iam.tag_user(UserName=name, Tags=[{"Key": "email", "Value": address_of(name)}])
    account.iam.create_login_profile(UserName=name, Password="correct horse battery staple")
    yield name
    account.iam.delete_login_profile(UserName=name)


def address_of(name: str) -> str:
    return f"{name}@example.com"


def mail_about(mailbox: Mailbox, name: str, words: str) -> SentMail:
    """Wait for a mail to a person with these words in its subject."""

    def matching() -> list[SentMail]:
        return [mail for mail in mailbox.sent_to(address_of(name)) if words in mail.subject]

    return eventually(matching, f"the mail to {name} with the subject {words}", within=60)[0]


def run(account: Account) -> None:
    """Start a reminder run now."""
    account.invoke("RemindFunctionName", {"action": "remind"})


def enrol(account: Account, name: str) -> str:
    """Register a virtual device as the person would; return its serial number."""
    created = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{name}-phone")
    serial = created["VirtualMFADevice"]["SerialNumber"]
    account.iam.enable_mfa_device(
        UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    return serial


def test_welcome(person: str, mailbox: Mailbox) -> None:
    """A new password leads to a welcome mail with the sign-in page."""
    mail = mail_about(mailbox, person, "Register MFA for")

    assert "https://111122223333.signin.aws.amazon.com/console" in mail.text
    assert f"{person}-phone" in mail.html
    assert "cloud-team@example.com" in mail.text


def test_reminder_and_digest(account: Account, person: str, mailbox: Mailbox, ops: OpsInbox) -> None:
    """A user without MFA is reminded once and listed in the digest until the enrolment."""
    run(account)
    mail_about(mailbox, person, "Reminder")
    first = ops.next_digest()
    run(account)
    second = ops.next_digest()
    serial = enrol(account, person)
    confirmation = mail_about(mailbox, person, "MFA is registered")
    run(account)
    third = ops.next_digest()

    assert f"{person}: since today, no reminder yet, one goes out now" in first
    assert f"{person}: since today, 1 reminder" in second
    assert person not in third
    assert f"aws sts get-session-token --serial-number {serial}" in confirmation.text
    assert [mail.subject for mail in mailbox.sent_to(address_of(person)) if "Reminder" in mail.subject] == [
        f"Reminder: register MFA for your AWS user {person} (takes five minutes)"
    ]


def test_duplicate_delivery(account: Account, person: str, mailbox: Mailbox) -> None:
    """A message that is delivered twice leads to one mail."""
    mail_about(mailbox, person, "Register MFA for")
    user_id = account.iam.get_user(UserName=person)["User"]["UserId"]
    event = welcome_again(account, user_id, person)

    for _ in range(3):
        account.sqs.send_message(QueueUrl=account.stack.outputs["MailsQueue"], MessageBody=event)
    eventually(lambda: account.messages_in("MailsQueue") == 0, "an empty mail queue", within=60)

    assert len(mailbox.sent_to(address_of(person))) == 1


def welcome_again(account: Account, user_id: str, name: str) -> str:
    """Return the event that led to the welcome, by its id in the claim."""
    dynamodb = cast("DynamoDBClient", account.stack.cloud.client("dynamodb"))
    table = account.stack.outputs["PeopleTableName"]
    (cause,) = dynamodb.get_item(TableName=table, Key={"user_id": {"S": user_id}})["Item"]["causes"]["SS"]
    detail: dict[str, Any] = {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateLoginProfile",
        "eventTime": "2026-11-24T09:00:00Z",
        "eventID": cause.removeprefix("welcome#"),
        "requestParameters": {"userName": name},
    }
    return json.dumps({"source": "aws.iam", "account": "111122223333", "detail": detail})


def test_last_device_removed(account: Account, person: str, mailbox: Mailbox) -> None:
    """A user who loses the last device gets a mail."""
    serial = enrol(account, person)
    mail_about(mailbox, person, "MFA is registered")

    account.iam.deactivate_mfa_device(UserName=person, SerialNumber=serial)

    assert serial in mail_about(mailbox, person, "the last MFA device").text


def test_malformed_message(account: Account) -> None:
    """A malformed message goes to the dead-letter queue."""
    account.retry_soon("MailsQueue")

    with account.dead_letters_of("MailsDeadLetterQueue") as dead_letters:
        account.sqs.send_message(QueueUrl=account.stack.outputs["MailsQueue"], MessageBody='{"kind": "reminder"}')

        eventually(lambda: account.messages_in(dead_letters) == 1, "the message among the dead letters", within=60)
