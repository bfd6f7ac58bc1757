"""Ops give existing users a day: a mail announces it, each user is enforced on it, and a mail says so."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from local import stack as stacks
from local.account import Account, eventually
from local.mailbox import Mailbox
from local.start import started

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from local.cloud import Cloud

SENDER = "mfa@example.com"


def test_day(cloud: "Cloud") -> None:
    """A user who was notified too late waits; one who was notified in time is enforced, and a mail says so."""
    today = datetime.now(UTC).date()
    chosen = {
        "SenderEmail": SENDER,
        "EnforceExistingUsersFrom": str(today),
        # The local account is minutes old, and so are its users.
        "ExistingUsersSince": str(today + timedelta(days=1)),
    }
    with started() as another:
        iam = cast("IAMClient", another.client("iam"))
        for name in ("alice", "bob"):
            iam.create_user(UserName=name)
            iam.create_login_profile(UserName=name, Password="correct horse battery staple")
        iam.tag_user(UserName="alice", Tags=[{"Key": "email", "Value": "alice@example.com"}])
        account = Account(stacks.deploy(another, **chosen))
        mailbox = Mailbox(another)
        mailbox.allow_sender(SENDER)

        account.invoke("RemindFunctionName", {"action": "remind"})
        wait_for_mail(mailbox, "alice", "in 7 days")
        assert account.invoke("ReconcileFunctionName", {"action": "reconcile"})["attached"] == 0

        iam.tag_user(UserName="bob", Tags=[{"Key": "email", "Value": "bob@example.com"}])
        account = Account(stacks.deploy(another, **chosen, NoticeDays="0"))
        account.invoke("RemindFunctionName", {"action": "remind"})
        wait_for_mail(mailbox, "bob", "today")
        assert account.invoke("ReconcileFunctionName", {"action": "reconcile"})["attached"] == 1

        assert account.enforced_users() == {"bob"}
        wait_for_mail(mailbox, "bob", "from now on")


def wait_for_mail(mailbox: Mailbox, name: str, words: str) -> None:
    eventually(
        lambda: [mail for mail in mailbox.sent_to(f"{name}@example.com") if words in mail.subject],
        f"the mail to {name} with the subject {words}",
        within=90,
    )
