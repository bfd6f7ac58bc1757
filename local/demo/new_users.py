"""New users: the policy is attached to them a moment later."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from local.account import Account, eventually
from local.demo.story import Story

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True)
class Newcomer:
    """A user to create; `exempt` is the reason in the tag, if there is one."""

    name: str
    path: str = "/"
    exempt: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags that the user is created with."""
        return {"mfa-exempt": self.exempt} if self.exempt else {}


ALICE = Newcomer("alice")
BOB = Newcomer("bob", path="/engineering/")
BACKUP = Newcomer("backup", exempt="nightly backup job")
NEWCOMERS = (ALICE, BOB, BACKUP)


def users_are_created(story: Story, account: Account) -> None:
    """Create three users and watch the policy arrive."""
    table = Table("user", "path", "tag mfa-exempt", "the policy mfa-control")
    for newcomer in NEWCOMERS:
        with story.console.status(f"aws iam create-user --user-name {newcomer.name}"):
            outcome = _create(account, newcomer)
        table.add_row(newcomer.name, newcomer.path, newcomer.exempt or "none", outcome)
    story.show(table)
    story.say("Each of them is an administrator: only the policy restricts them.")


def _create(account: Account, newcomer: Newcomer) -> str:
    """Create the user and return what happened; the time runs from the call until the policy is attached."""
    begun = time.monotonic()
    account.create_user(newcomer.name, path=newcomer.path, tags=newcomer.tags)
    if newcomer.exempt:
        eventually(lambda: account.messages_in("NewUsersQueue") == 0, "an empty queue of new users")
        outcome = "attached" if account.is_enforced(newcomer.name) else "left alone"
    else:
        account.wait_until_enforced(newcomer.name)
        outcome = f"attached after {time.monotonic() - begun:.2f} s"
    account.iam.put_user_policy(UserName=newcomer.name, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    return outcome
