"""Mails to people without MFA, the digest to ops, and an enrolment."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from secrets import token_urlsafe

from rich.table import Table

from local.account import Account, eventually
from local.cloud import ROOT
from local.demo.new_users import ALICE, BOB
from local.demo.story import Story
from local.mailbox import Mailbox, OpsInbox, SentMail

MAILS = ROOT / ".local" / "demo"
LANGUAGES = {ALICE.name: "en", BOB.name: "ja"}


def people_get_a_password(story: Story, account: Account) -> None:
    """Give two people a password for the console."""
    shutil.rmtree(MAILS, ignore_errors=True)
    Mailbox(account.stack.cloud).allow_sender(account.stack.parameters["SenderEmail"])
    with mails_shown(story, account, number=len(LANGUAGES)):
        for name, language in LANGUAGES.items():
            tags = {"email": f"{name}@example.com", "language": language}
            account.tag_user(name, tags)
            account.iam.create_login_profile(UserName=name, Password=token_urlsafe(), PasswordResetRequired=True)


def the_day_begins(story: Story, account: Account) -> None:
    """Run the function that the schedule runs every working day."""
    ops = OpsInbox(account)
    with mails_shown(story, account, number=len(LANGUAGES)):
        remind(story, account)
    story.say("Ops get one digest:\n")
    story.quote(ops.next_digest())


def somebody_enrols(story: Story, account: Account) -> None:
    """Register a virtual MFA device, and show the next digest."""
    ops = OpsInbox(account)
    with mails_shown(story, account, number=1):
        device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{ALICE.name}-phone")["VirtualMFADevice"]
        account.iam.enable_mfa_device(
            UserName=ALICE.name,
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    remind(story, account)
    digest = ops.next_digest()
    for name in LANGUAGES:
        lines = [line.removeprefix("- ") for line in digest.splitlines() if name in line]
        story.say(f"In the next digest, {lines[0] if lines else f'{name} is not named any more'}")


def remind(story: Story, account: Account) -> None:
    """Run the reminder function once."""
    with story.timed("sam remote invoke RemindFunction"):
        account.stack.invoke("RemindFunction", "remind_schedule")


@contextmanager
def mails_shown(story: Story, account: Account, *, number: int) -> Iterator[None]:
    """Wait for the mails that the block causes, save them and show them."""
    mailbox = Mailbox(account.stack.cloud)
    sent_before = len(mailbox.sent())
    yield

    def arrived() -> Sequence[SentMail]:
        mails = mailbox.sent()[sent_before:]
        return mails if len(mails) >= number else ()

    mails = eventually(arrived, f"{number} mails")
    table = Table("mail to", "subject", "saved as")
    for position, mail in enumerate(mails, start=sent_before + 1):
        table.add_row(", ".join(mail.to), mail.subject, _kept(mail, position))
    story.show(table)


def _kept(mail: SentMail, position: int) -> str:
    """Save a mail's HTML as a file and return its name."""
    MAILS.mkdir(parents=True, exist_ok=True)
    recipient = re.sub(r"[^a-z]+", "-", mail.to[0].partition("@")[0])
    file = MAILS / f"{position}-{recipient}.html"
    file.write_text(mail.html)
    return str(file.relative_to(ROOT))
