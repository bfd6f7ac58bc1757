"""The adapters of `reconcile`. Each is made when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.enforcement_table import AccountFlags, AccountFlagWriter, AttachmentCounts, NoticeThrottle, UserFlags
from aws.dynamodb.people_table import NamedPeople
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from aws.iam.attach import PolicyAttacher
from aws.iam.group import EnforcementGroup, PolicyGroups
from aws.iam.policy import EnforcementPolicy
from aws.iam.users import NamedUsers, UserDirectory
from aws.lambda_ import Continuation
from aws.sns import DailyNotices, OpsTopic
from aws.sqs.queues import MailQueue, ReleaseQueue
from domain.enforcement.decision import methods_in_order

if TYPE_CHECKING:
    from reconcile.settings import Settings


class Adapters:
    """The adapters for one account."""

    def __init__(self, settings: "Settings", account_number: str) -> None:
        self.settings = settings
        self.account = GuardedAccount(account_number, clients.iam(), settings.policy_arn, settings.group_name)

    def attacher(self, *, group_enforces: bool) -> PolicyAttacher:
        """Return the adapter that attaches the policy, with ops' method first; the group only if it has the policy."""
        return PolicyAttacher(self.account, methods_in_order(self.settings.enforce_by, group_enforces=group_enforces))

    @cached_property
    def policy(self) -> EnforcementPolicy:
        """Return the adapter that reads the policy."""
        return EnforcementPolicy(self.account)

    @cached_property
    def policy_groups(self) -> PolicyGroups:
        """Return the adapter that reads which groups carry the policy."""
        return PolicyGroups(self.account)

    @cached_property
    def group(self) -> EnforcementGroup:
        """Return the adapter that attaches the policy to the group."""
        return EnforcementGroup(self.account)

    @cached_property
    def directory(self) -> UserDirectory:
        """Return the adapter that reads all users."""
        return UserDirectory(self.account)

    @cached_property
    def named_users(self) -> NamedUsers:
        """Return the adapter that reads one user again."""
        return NamedUsers(self.account)

    @cached_property
    def _table(self) -> Table:
        return Table(clients.dynamodb(), self.settings.marks_table, self.account.number)

    @cached_property
    def account_flags(self) -> AccountFlags:
        """Return the adapter that reads the flags of all users."""
        return AccountFlags(self._table)

    @cached_property
    def account_flag_writer(self) -> AccountFlagWriter:
        """Return the adapter that flags many users."""
        return AccountFlagWriter(self._table)

    @cached_property
    def user_flags(self) -> UserFlags:
        """Return the adapter that reads the flags of one user."""
        return UserFlags(self._table)

    @cached_property
    def attachment_counts(self) -> AttachmentCounts:
        """Return the counts of attachments by user and day."""
        return AttachmentCounts(self._table)

    @cached_property
    def people(self) -> NamedPeople:
        """Return the reader of which days were announced to users."""
        return NamedPeople(Table(clients.dynamodb(), self.settings.people_table, self.account.number))

    @cached_property
    def mail_queue(self) -> MailQueue:
        """Return the queue of `notify`."""
        return MailQueue(clients.sqs(), self.settings.mail_queue_url)

    @cached_property
    def release_queue(self) -> ReleaseQueue:
        """Return the queue of `release`."""
        return ReleaseQueue(clients.sqs(), self.settings.release_queue_url)

    @cached_property
    def topic(self) -> OpsTopic:
        """Return the ops topic."""
        return OpsTopic(clients.sns(), self.settings.ops_topic_arn, self.account.number)

    @cached_property
    def notices(self) -> DailyNotices:
        """Return the publisher that repeats no notice within a day."""
        return DailyNotices(self.topic, NoticeThrottle(self._table))

    def continuation(self, function_arn: str) -> Continuation:
        """Return the adapter that starts the next run of the function."""
        return Continuation(clients.lambda_(), function_arn)
