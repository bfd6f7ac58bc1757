"""A thousand users at once are a backlog, not a storm; and what ended as a dead letter can be tried again."""

import json
from concurrent.futures import ThreadPoolExecutor

from local.account import Account, eventually
from tests.e2e.conftest import DeployAnother

MANY = 1000
DEAD_LETTERS = ("NewUsersDeadLetterQueue", "UndeliveredEventsQueue")


def test_a_thousand_users_created_at_once_are_all_enforced(account: Account) -> None:
    before = [account.messages_in(queue) for queue in DEAD_LETTERS]
    with ThreadPoolExecutor(8) as creators:
        names = list(creators.map(lambda _: account.create_user(), range(MANY)))

    eventually(lambda: set(names) <= account.enforced_users(), "the policy on all of them", within=90)

    assert [account.messages_in(queue) for queue in DEAD_LETTERS] == before


def test_dead_letters_are_tried_again_once_their_cause_is_gone(deploy_another: DeployAnother) -> None:
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
