"""A thousand users at once become a backlog, and dead letters can be redriven."""

import json
from concurrent.futures import ThreadPoolExecutor

from local.account import Account, eventually
from tests.e2e.conftest import DeployAnother

MANY = 1000
DEAD_LETTERS = ("NewUsersDeadLetterQueue", "UndeliveredEventsQueue")


def test_thousand_users_at_once(account: Account) -> None:
    """A thousand users who are created at once are all enforced."""
    before = [account.messages_in(queue) for queue in DEAD_LETTERS]
    with ThreadPoolExecutor(8) as creators:
        names = list(creators.map(lambda _: account.create_user(), range(MANY)))

    eventually(lambda: set(names) <= account.enforced_users(), "the policy on all of them", within=90)

    assert [account.messages_in(queue) for queue in DEAD_LETTERS] == before


def test_redriven_dead_letters(deploy_another: DeployAnother) -> None:
    """Redriven dead letters succeed after their cause is fixed."""
    with deploy_another() as account:
        account.retry_soon("NewUsersQueue")
        role = {"RoleName": account.stack.resources["EnforceRole"], "PolicyName": "enforce"}
        permissions = account.iam.get_role_policy(**role)["PolicyDocument"]
        account.iam.delete_role_policy(**role)
        name = account.create_user()
        eventually(lambda: account.messages_in("NewUsersDeadLetterQueue") == 1, "the message among the dead letters")
        account.iam.put_role_policy(**role, PolicyDocument=json.dumps(permissions))

        account.redrive("NewUsersDeadLetterQueue", to="NewUsersQueue")

        account.wait_until_enforced(name)
        assert account.messages_in("NewUsersDeadLetterQueue") == 0
