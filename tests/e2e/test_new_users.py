"""New users in an account with the deployed stack are enforced automatically."""

import json
from collections.abc import Callable
from typing import Any

from local.account import Account, eventually
from tests.template import Template


def test_new_user(account: Account) -> None:
    """A new user is enforced."""
    name = account.create_user()

    account.wait_until_enforced(name)


def test_new_user_with_path(account: Account) -> None:
    """A new user with a path is enforced."""
    name = account.create_user(path="/engineering/backend/")

    account.wait_until_enforced(name)


def test_exempt_by_tag(account: Account) -> None:
    """A new user with the exemption tag is left alone."""
    exempt = account.create_user(tags={"mfa-exempt": "break-glass, kept in the safe"})
    account.wait_until_enforced(account.create_user())

    assert not account.is_enforced(exempt)


def test_exempt_by_path(account: Account) -> None:
    """A new user under an exempt path is left alone."""
    exempt = account.create_user(path="/service/backup/")
    account.wait_until_enforced(account.create_user())

    assert not account.is_enforced(exempt)


def test_many_users_at_once(account: Account) -> None:
    """Many users who are created at once are all enforced."""
    names = [account.create_user() for _ in range(50)]

    for name in names:
        account.wait_until_enforced(name)


def test_malformed_message(account: Account, event_text: Callable[[str], str]) -> None:
    """A malformed message goes to the dead-letter queue; the others of its batch do not."""
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


def test_deployed_policy(account: Account) -> None:
    """The policy in the account equals the one in the template."""
    rendered = Template().resources["EnforcementPolicy"]["Properties"]["PolicyDocument"]

    assert account.policy_document() == rendered
