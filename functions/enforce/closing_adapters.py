"""The adapters that only a closing needs, imported with the first one: they would take a tenth of each start."""

from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.people_table import ClosedPeople, NamedPeople
from aws.dynamodb.table import Table
from aws.iam.closed_tag import UserCloser
from aws.iam.mfa_devices import LoginProfiles, MfaDevices
from aws.sqs.queues import MailQueue

if TYPE_CHECKING:
    from aws.iam.account import GuardedAccount
    from enforce.settings import Settings


class ClosingAdapters:
    """The adapters for one account."""

    def __init__(self, account: "GuardedAccount", settings: "Settings") -> None:
        self._account = account
        self._settings = settings
        self._people_table = Table(clients.dynamodb(), settings.people_table, account.number)

    @cached_property
    def devices(self) -> MfaDevices:
        """Return the adapter that reads a user's devices."""
        return MfaDevices(self._account.iam)

    @cached_property
    def login_profiles(self) -> LoginProfiles:
        """Return the adapter that reads whether a user has a password."""
        return LoginProfiles(self._account.iam)

    @cached_property
    def closer(self) -> UserCloser:
        """Return the adapter that closes a user."""
        return UserCloser(self._account)

    @cached_property
    def people(self) -> NamedPeople:
        """Return the adapter that reads the records of users."""
        return NamedPeople(self._people_table)

    @cached_property
    def closed_people(self) -> ClosedPeople:
        """Return the adapter that remembers closed users."""
        return ClosedPeople(self._people_table)

    @cached_property
    def mails(self) -> MailQueue:
        """Return the queue of `notify`."""
        return MailQueue(clients.sqs(), self._settings.mail_queue_url)
