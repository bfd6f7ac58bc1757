"""The adapters of `release`. Each is made when it is first needed."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.enforcement_table import DeletionCounts, NoticeThrottle, UserFlags, UserFlagWriter
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from aws.iam.closed_tag import UserReopener
from aws.iam.detach import PolicyAttachments, PolicyDetacher
from aws.iam.mfa_devices import MfaDevices
from aws.iam.users import UserLookup
from aws.lambda_ import Continuation
from aws.sns import DailyNotices, OpsTopic

if TYPE_CHECKING:
    from release.settings import Settings


class Adapters:
    """The adapters for one account."""

    def __init__(self, settings: "Settings", account_number: str) -> None:
        self.settings = settings
        self.account = GuardedAccount(account_number, clients.iam(), settings.policy_arn, settings.group_name)

    @cached_property
    def users(self) -> UserLookup:
        """Return the adapter that reads a user with the policy's coverage."""
        return UserLookup(self.account)

    @cached_property
    def detacher(self) -> PolicyDetacher:
        """Return the adapter that detaches the policy."""
        return PolicyDetacher(self.account)

    @cached_property
    def attachments(self) -> PolicyAttachments:
        """Return the adapter that reads everything that the policy is attached to."""
        return PolicyAttachments(self.account)

    @cached_property
    def devices(self) -> MfaDevices:
        """Return the adapter that reads a user's devices."""
        return MfaDevices(self.account.iam)

    @cached_property
    def reopener(self) -> UserReopener:
        """Return the adapter that reopens a user."""
        return UserReopener(self.account)

    def attachments_of(self, policy_arn: str) -> PolicyAttachments:
        """Return the same for another policy, such as the one before an update."""
        return PolicyAttachments(replace(self.account, policy_arn=policy_arn))

    @cached_property
    def _table(self) -> Table:
        return Table(clients.dynamodb(), self.settings.marks_table, self.account.number)

    @cached_property
    def flags(self) -> UserFlags:
        """Return the adapter that reads the flags of a user."""
        return UserFlags(self._table)

    @cached_property
    def flag_writer(self) -> UserFlagWriter:
        """Return the adapter that flags a user."""
        return UserFlagWriter(self._table)

    @cached_property
    def deletion_counts(self) -> DeletionCounts:
        """Return the counts, by week, of detachments for a deletion."""
        return DeletionCounts(self._table)

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
