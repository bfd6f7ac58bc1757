"""The adapters of `enforce`. Each is made when it is first needed: a new user needs only one client."""

from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.enforcement_table import AttachmentCounts, NoticeThrottle, UserFlags, UserFlagWriter
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from aws.iam.attach import PolicyAttacher
from aws.iam.policy import EnforcementPolicy
from aws.iam.users import NamedUsers, UserLookup
from aws.sns import DailyNotices, OpsTopic
from aws.sqs.queues import ReleaseQueue, WindowQueue
from domain.enforcement.decision import methods_in_order

if TYPE_CHECKING:
    from enforce.closing_adapters import ClosingAdapters
    from enforce.settings import Settings


class Adapters:
    """The adapters for one account."""

    def __init__(self, settings: "Settings", account_number: str) -> None:
        self.settings = settings
        self.account_number = account_number

    @cached_property
    def _account(self) -> GuardedAccount:
        settings = self.settings
        return GuardedAccount(self.account_number, clients.iam(), settings.policy_arn, settings.group_name)

    @cached_property
    def attacher(self) -> PolicyAttacher:
        """Return the adapter that attaches the policy, with the method that ops chose first."""
        return PolicyAttacher(self._account, methods_in_order(self.settings.enforce_by))

    @cached_property
    def policy(self) -> EnforcementPolicy:
        """Return the adapter that reads the policy."""
        return EnforcementPolicy(self._account)

    @cached_property
    def users(self) -> UserLookup:
        """Return the adapter that reads a user with the policy's coverage."""
        return UserLookup(self._account)

    @cached_property
    def named_users(self) -> NamedUsers:
        """Return the adapter that reads a user without it."""
        return NamedUsers(self._account)

    @cached_property
    def _table(self) -> Table:
        return Table(clients.dynamodb(), self.settings.marks_table, self.account_number)

    @cached_property
    def flags(self) -> UserFlags:
        """Return the adapter that reads the flags of a user."""
        return UserFlags(self._table)

    @cached_property
    def flag_writer(self) -> UserFlagWriter:
        """Return the adapter that flags a user."""
        return UserFlagWriter(self._table)

    @cached_property
    def attachment_counts(self) -> AttachmentCounts:
        """Return the counts of attachments by user and day."""
        return AttachmentCounts(self._table)

    @cached_property
    def release_queue(self) -> ReleaseQueue:
        """Return the queue of `release`."""
        return ReleaseQueue(clients.sqs(), self.settings.release_queue_url)

    @cached_property
    def closing(self) -> "ClosingAdapters":
        """Return the adapters that close a user."""
        from enforce.closing_adapters import ClosingAdapters  # noqa: PLC0415  # for the start of all other calls

        return ClosingAdapters(self._account, self.settings)

    @cached_property
    def reopenings(self) -> WindowQueue:
        """Return the queue of `release` for requests to reopen a user."""
        return WindowQueue(clients.sqs(), self.settings.release_queue_url)

    @cached_property
    def notices(self) -> DailyNotices:
        """Return the publisher that repeats no notice within a day: events are delivered more than once."""
        throttle = NoticeThrottle(self._table)
        return DailyNotices(OpsTopic(clients.sns(), self.settings.ops_topic_arn, self.account_number), throttle)
