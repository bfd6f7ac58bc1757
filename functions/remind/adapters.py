"""The adapters of `remind`. Each is made when it is first needed."""

from functools import cached_property
from typing import TYPE_CHECKING

from aws import clients
from aws.account_reader import AccountReader
from aws.dynamodb.people_table import PeopleTable
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from aws.s3 import ReportBucket
from aws.ses.quota import SendingAccount
from aws.sns import OpsTopic
from aws.sqs.queues import MailQueue, WindowQueue

if TYPE_CHECKING:
    from remind.settings import Settings


class Adapters:
    """The adapters for one account."""

    def __init__(self, settings: "Settings", account_number: str) -> None:
        self.settings = settings
        self.account = GuardedAccount(account_number, clients.paced_iam(), settings.policy_arn, settings.group_name)

    @cached_property
    def people(self) -> PeopleTable:
        """Return the table of people and runs."""
        return PeopleTable(Table(clients.dynamodb(), self.settings.people_table, self.account.number))

    @cached_property
    def reader(self) -> AccountReader:
        """Return the adapter that reads the account."""
        return AccountReader.of(self.account, self.people)

    @cached_property
    def sending(self) -> SendingAccount:
        """Return the adapter that reads the sending quota of SES."""
        return SendingAccount(clients.sesv2(self.settings.ses_region))

    @cached_property
    def queue(self) -> MailQueue:
        """Return the queue of `notify`."""
        return MailQueue(clients.sqs(), self.settings.mail_queue_url)

    @cached_property
    def closings(self) -> WindowQueue:
        """Return the queue of `enforce`, which closes users."""
        return WindowQueue(clients.sqs(), self.settings.close_queue_url)

    @cached_property
    def reopenings(self) -> WindowQueue:
        """Return the queue of `release`, which reopens users."""
        return WindowQueue(clients.sqs(), self.settings.release_queue_url)

    @cached_property
    def topic(self) -> OpsTopic:
        """Return the ops topic."""
        return OpsTopic(clients.sns(), self.settings.ops_topic_arn, self.account.number)

    @cached_property
    def reports(self) -> ReportBucket:
        """Return the bucket of the audit reports."""
        return ReportBucket(clients.s3(), self.settings.report_bucket)
