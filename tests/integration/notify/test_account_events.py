"""The notify handler: which account events lead to a mail to the user."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notify.handler import lambda_handler
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.notify.conftest import (
    ADDRESS,
    NAME,
    PHONE,
    People,
    Person,
    Read,
    changed,
    enrol,
    subjects,
    young,
)

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_welcome(
    person: Person, people: People, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """A new password leads to one welcome mail in the language of the tag."""
    user_id = person(language="ja")

    lambda_handler(batch(event_text("create_login_profile"), event_text("create_login_profile")), context)

    subject = "【AWS】IAM ユーザー alice の MFA を登録してください（所要時間：約 5 分）"  # noqa: RUF001  (Japanese)
    assert subjects(sent) == [subject]
    assert sent[0]["Destination"] == {"ToAddresses": [ADDRESS]}
    item = people.get(user_id)
    assert item.pop("claim_token")
    assert item == {
        "causes": ["welcome#2026-11-24#b6246771-c845-4070-a377-1407e8e72789"],
        "account": "111122223333",
    }


def test_root_named_like_a_user(person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read) -> None:
    """A call of root leads to no mail, even if a user has the account's alias as a name."""
    person()
    event = json.loads(event_text("deactivate_mfa_device_self_no_username"))
    event["detail"]["userIdentity"].update(type="Root", userName=NAME)

    assert failed(lambda_handler(batch(json.dumps(event)), context)) == []
    assert subjects(sent) == []


def test_passkey_without_a_serial_number(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """A registration without a serial number leads to the mail about a new device."""
    person()
    enrol(iam)
    event = json.loads(event_text("enable_mfa_device_fido"))
    del event["detail"]["requestParameters"]["serialNumber"]

    assert failed(lambda_handler(batch(json.dumps(event)), context)) == []
    assert subjects(sent) == ["MFA is registered for your AWS user alice. Now sign in again"]


def test_no_welcome_with_a_device(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """A user who has a device gets no welcome mail."""
    person()
    enrol(iam)

    lambda_handler(batch(event_text("create_login_profile")), context)

    assert sent == []


def test_command_for_the_new_device(
    iam: "IAMClient", stack: Stack, person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """The mail about a new device gives the command for a session with it and the error that IAM shows."""
    person(path="/engineering/")
    iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    enrol(iam)

    lambda_handler(batch(event_text("enable_mfa_device_virtual"), event_text("enable_mfa_device_virtual")), context)

    assert subjects(sent) == ["MFA is registered for your AWS user alice. Now sign in again"]
    text = sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]
    assert f"aws sts get-session-token --serial-number {PHONE} --token-code 123456" in text
    assert f"User: arn:aws:iam::{ACCOUNT}:user/engineering/alice is not authorized" in text


def test_device_removed_again(person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read) -> None:
    """A registered device that is already removed leads to no mail."""
    person()

    response = lambda_handler(batch(event_text("enable_mfa_device_virtual")), context)

    assert (failed(response), sent) == ([], [])


def test_only_the_last_removal(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """The removal of a device leads to a mail only if the user has no other."""
    person()
    enrol(iam, serial=f"arn:aws:iam::{ACCOUNT}:mfa/alice-tablet")

    lambda_handler(batch(event_text("deactivate_mfa_device_by_admin")), context)
    before = list(sent)
    iam.deactivate_mfa_device(UserName=NAME, SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/alice-tablet")
    lambda_handler(batch(event_text("deactivate_mfa_device_self_no_username")), context)

    assert before == []
    assert subjects(sent) == ["Security notice: the last MFA device of your AWS user alice was removed"]


def test_replaced_device(
    iam: "IAMClient", person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    """A device that replaces another leads to one mail, in either order of the events."""
    person()
    enrol(iam)

    lambda_handler(
        batch(event_text("enable_mfa_device_virtual"), event_text("deactivate_mfa_device_self_no_username")), context
    )

    assert subjects(sent) == ["MFA is registered for your AWS user alice. Now sign in again"]


@pytest.mark.parametrize(
    ("event", "serial"),
    [
        ("create_login_profile", None),
        ("enable_mfa_device_virtual", None),
        ("deactivate_mfa_device_by_admin", PHONE),
    ],
)
def test_change_not_visible_yet(
    iam: "IAMClient",
    person: Person,
    sent: list[dict[str, Any]],
    context: Context,
    event_text: Read,
    event: str,
    serial: str | None,
) -> None:
    """An event whose change IAM does not show yet goes back to the queue."""
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
    """An event about an earlier user of the name leads to no mail to the present user, even after a wait."""
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
    """A welcome mail waits for the address as long as the queue has tries to spare, and counts no failure."""
    person(email="")
    message = young(event_text("create_login_profile"))

    waiting = [lambda_handler(batch(message, tries=tries), context) for tries in (1, 2, 3, 4)]
    iam.tag_user(UserName=NAME, Tags=[{"Key": "email", "Value": ADDRESS}])
    response = lambda_handler(batch(message, tries=5), context)

    assert [failed(each) for each in waiting] == [["m0"]] * 4
    assert (failed(response), len(sent)) == ([], 1)
    assert "TriesFailed" not in capsys.readouterr().out


def test_deleted_user(sent: list[dict[str, Any]], context: Context, event_text: Read) -> None:
    """An event about a user who no longer exists leads to no mail."""
    response = lambda_handler(batch(event_text("create_login_profile")), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(
    "about",
    [{"path": "/service/"}, {"mfa_exempt": "robot"}, {"email": ""}, {"email": "alice@elsewhere.example"}],
    ids=lambda about: next(iter(about)),
)
def test_exempt_or_unreachable(
    person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read, about: dict[str, str]
) -> None:
    """An exempt user, or one without an allowed address, gets no mail."""
    person(**about)

    response = lambda_handler(batch(event_text("create_login_profile")), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(
    "event", ["enable_mfa_device_root", "enable_mfa_device_error_bad_code", "create_user_console", "forwarded"]
)
def test_ignores_foreign_calls(
    person: Person, calls: Calls, sent: list[dict[str, Any]], context: Context, event_text: Read, event: str
) -> None:
    """A call of another account, a failed call, another call and a call of root lead to no mail."""
    person()
    body = event_text("create_login_profile" if event == "forwarded" else event)
    if event == "forwarded":
        body = body.replace(ACCOUNT, "444455556666")

    response = lambda_handler(batch(body), context)

    assert (failed(response), calls) == ([], [])


@pytest.mark.parametrize("request_of", [{"userName": NAME}, {"userName": NAME, "serialNumber": "as chosen by IAM"}])
def test_unnamed_device(
    iam: "IAMClient",
    person: Person,
    sent: list[dict[str, Any]],
    context: Context,
    event_text: Read,
    request_of: dict[str, str],
) -> None:
    """A device that the record does not name leads to the same mails as any other."""
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
        "MFA is registered for your AWS user alice. Now sign in again",
        "Security notice: the last MFA device of your AWS user alice was removed",
    ]
