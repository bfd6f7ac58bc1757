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
    iam: "IAMClient", stack: Stack, person: Person, sent: list[dict[str, Any]], context: Context, event_text: Read
) -> None:
    person(path="/engineering/")
    iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
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
