"""What one batch needs to look things up and to send: made once for all its messages."""

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.mail_claims import MailClaims
from aws.iam.account_alias import AccountAlias
from aws.iam.mfa_devices import MfaDevices
from aws.iam.users import UserLookup
from aws.ses.quota import WORKERS, SendingRateLimiter
from aws.ses.sender import MailSender
from domain.account import Account
from domain.mail.decision import (
    AccountEvent,
    CurrentUser,
    Mail,
    NoMail,
    NotYet,
    decide_account_event_mail,
    decide_reminder_mail,
)
from domain.reminders.message import ReminderMessage
from notify.post import MailDelivery

if TYPE_CHECKING:
    from notify.settings import Settings


class Batch:
    """The facts behind the mails of one batch, and the post that takes them.

    `function_arn` tells partition and number of the account.
    """

    def __init__(self, settings: "Settings", function_arn: str) -> None:
        self._rules = settings.rules
        self._arn = function_arn.split(":")
        iam, ses = clients.paced_iam(WORKERS), clients.sesv2_without_retries(settings.ses_region)
        self._users = UserLookup(iam, settings.policy_arn, settings.group_name)
        self._devices, self._alias = MfaDevices(iam), AccountAlias(iam)
        self.claims = MailClaims(clients.dynamodb(), settings.people_table)
        sender = MailSender(ses, settings.sender, settings.configuration_set)
        self.post = MailDelivery(
            self.claims, SendingRateLimiter(clients.sesv2(settings.ses_region)), sender, lambda: datetime.now(UTC)
        )

    @property
    def number(self) -> str:
        """Return the number of this account."""
        return self._arn[4]

    @cached_property
    def account(self) -> Account:
        """Return this account as its people know it; the alias is read once per batch."""
        return Account(self._arn[1], self.number, self._alias.find())

    def decide(self, due: ReminderMessage | AccountEvent) -> Mail | NoMail | NotYet:
        """Look the person up as IAM knows them now, and decide."""
        known, now = self._known(due.user_name), datetime.now(UTC)
        if isinstance(due, ReminderMessage):
            return decide_reminder_mail(due, known, self._rules, now)
        return decide_account_event_mail(due, known, self._rules, now)

    def _known(self, user_name: str) -> CurrentUser:
        # The devices come last: nobody who has just registered one is to be nagged.
        user = self._users.user(user_name, either_way=True)
        return CurrentUser(user, self._devices.serial_numbers_of(user_name) or () if user else ())
