"""The adapters of `notify`, made once for a batch; each is made when it is first needed."""

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.mail_claims import MailClaims
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from aws.iam.account_alias import AccountAlias
from aws.iam.mfa_devices import MfaDevices
from aws.iam.users import UserLookup
from aws.ses.quota import WORKERS, SendingRateLimiter
from aws.ses.sender import MailSender, Sender
from domain.account import Account
from notify.delivery import MailDelivery
from notify.rendering import BUILT_IN, MailTemplates
from notify.templates import store_of

if TYPE_CHECKING:
    from notify.settings import Settings


class Adapters:
    """The adapters for one account; `function_arn` contains its partition and number."""

    def __init__(self, settings: "Settings", function_arn: str) -> None:
        self.settings = settings
        _, self._partition, _, _, number, *_ = function_arn.split(":")
        self.account = GuardedAccount(number, clients.paced_iam(WORKERS), settings.policy_arn, settings.group_name)

    @cached_property
    def named_account(self) -> Account:
        """Return the account with its alias, which is read once for each batch."""
        return Account(self._partition, self.account.number, AccountAlias(self.account.iam).find())

    @cached_property
    def users(self) -> UserLookup:
        """Return the adapter that reads a user with the policy's coverage."""
        return UserLookup(self.account)

    @cached_property
    def devices(self) -> MfaDevices:
        """Return the adapter that reads a user's devices."""
        return MfaDevices(self.account.iam)

    @cached_property
    def claims(self) -> MailClaims:
        """Return the adapter that claims each mail for one worker."""
        return MailClaims(Table(clients.dynamodb(), self.settings.people_table, self.account.number))

    @cached_property
    def templates(self) -> MailTemplates:
        """Return the templates of the mails, which are looked up once for each batch."""
        location = self.settings.mail_templates
        return store_of(location).current() if location else BUILT_IN

    @cached_property
    def delivery(self) -> MailDelivery:
        """Return the delivery of mails."""
        settings = self.settings
        rate = SendingRateLimiter(clients.sesv2(settings.ses_region))
        ses = clients.sesv2_without_retries(settings.ses_region)
        sender = Sender(settings.sender, settings.sender_name, settings.reply_to)
        return MailDelivery(
            self.claims, rate, MailSender(ses, sender, settings.configuration_set), lambda: datetime.now(UTC)
        )
