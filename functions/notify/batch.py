"""What one batch needs to look things up and to send: made once for all its messages."""

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.mail_claims import MailClaims
from aws.mail_sender import MailSender
from aws.mfa_devices import MfaDevices
from aws.named_users import AccountAlias, NamedUsers
from aws.sending_pace import SendingPace
from domain.account import Account
from domain.mails import Known, Mail, NoMail, NotYet, Occasion, decide_occasion_mail, decide_reminder_mail
from domain.reminders import ReminderMessage
from notify.post import Post

if TYPE_CHECKING:
    from notify.settings import Settings


class Batch:
    """The facts behind the mails of one batch, and the post that takes them.

    `function_arn` tells partition and number of the account.
    """

    def __init__(self, settings: "Settings", function_arn: str) -> None:
        self._rules = settings.rules
        self._arn = function_arn.split(":")
        iam, ses = clients.iam(), clients.sesv2_once(settings.ses_region)
        self._users, self._devices, self._alias = NamedUsers(iam), MfaDevices(iam), AccountAlias(iam)
        self.claims = MailClaims(clients.dynamodb(), settings.people_table)
        sender = MailSender(ses, settings.sender, settings.configuration_set)
        self.post = Post(
            self.claims, SendingPace(clients.sesv2(settings.ses_region)), sender, lambda: datetime.now(UTC)
        )

    @property
    def number(self) -> str:
        """Return the number of this account."""
        return self._arn[4]

    @cached_property
    def account(self) -> Account:
        """Return this account as its people know it; the alias is read once per batch."""
        return Account(self._arn[1], self.number, self._alias.find())

    def decide(self, due: ReminderMessage | Occasion) -> Mail | NoMail | NotYet:
        """Look the person up as IAM knows them now, and decide."""
        if isinstance(due, ReminderMessage):
            return decide_reminder_mail(due, self._devices.serial_numbers_of(due.user_name))
        known = Known(self._users.find(due.user_name), self._devices.serial_numbers_of(due.user_name) or ())
        return decide_occasion_mail(due, known, self._rules, datetime.now(UTC))
