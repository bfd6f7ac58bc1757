"""A user is created in an account where the stack is deployed, and is enforced by itself."""

import json
from collections.abc import Callable
from typing import Any

from local.account import Account, eventually
from tests.template import Template


def test_a_new_user_is_enforced(account: Account) -> None:
    name = account.create_user()

    account.wait_until_enforced(name)


def test_a_new_user_under_a_path_is_enforced(account: Account) -> None:
    name = account.create_user(path="/engineering/backend/")

    account.wait_until_enforced(name)


def test_a_user_who_is_exempt_by_tag_is_left_alone(account: Account) -> None:
    exempt = account.create_user(tags={"mfa-exempt": "break-glass, kept in the safe"})
    account.wait_until_enforced(account.create_user())

    assert not account.is_enforced(exempt)


def test_a_user_under_an_exempt_path_is_left_alone(account: Account) -> None:
    exempt = account.create_user(path="/service/backup/")
    account.wait_until_enforced(account.create_user())

    assert not account.is_enforced(exempt)


def test_many_users_at_once_are_all_enforced(account: Account) -> None:
    names = [account.create_user() for _ in range(50)]

    for name in names:
        account.wait_until_enforced(name)


def test_a_malformed_message_ends_in_the_dead_letter_queue_and_the_others_do_not(
    account: Account, event_text: Callable[[str], str]
) -> None:
    account.retry_soon("NewUsersQueue")
    name = account.create_user()
    event: dict[str, Any] = json.loads(event_text("create_user_console"))
    event["detail"]["responseElements"]["user"]["userName"] = name
    whole, malformed = json.dumps(event), '{"detail": "no record"}'
    entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate((whole, malformed, whole))]

    with account.dead_letters_of("NewUsersDeadLetterQueue") as dead_letters:
        account.sqs.send_message_batch(QueueUrl=account.stack.outputs["NewUsersQueue"], Entries=entries)

        account.wait_until_enforced(name)
        eventually(lambda: account.messages_in(dead_letters) == 1, "the message among the dead letters")


def test_the_policy_in_the_account_is_the_one_in_the_template(account: Account) -> None:
    rendered = Template().resources["EnforcementPolicy"]["Properties"]["PolicyDocument"]

    assert account.policy_document() == rendered
