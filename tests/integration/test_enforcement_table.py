"""The enforcement table on moto: flags, counts and notices, their expiry, lost answers, and items of release 1.0.0."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from aws import clients
from aws.dynamodb.enforcement_table import (
    AccountFlags,
    AccountFlagWriter,
    AttachmentCounts,
    DeletionCounts,
    NoticeThrottle,
    UserFlags,
    UserFlagWriter,
)
from aws.dynamodb.table import Table
from aws.sns import DailyNotices, OpsTopic
from domain.notice import Notice, Severity
from tests.integration.conftest import Calls
from tests.integration.deployment import ACCOUNT, Stack

NOON = datetime(2026, 12, 30, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def table(stack: Stack, calls: Calls) -> Table:
    return Table(clients.dynamodb(), stack.flags.table, ACCOUNT)


@pytest.fixture
def topic(stack: Stack) -> OpsTopic:
    return OpsTopic(boto3.client("sns"), stack.ops.topic, ACCOUNT)


def kept_until(stack: Stack, kind: str) -> datetime:
    [item] = [item for item in stack.flags.all() if item["kind"]["S"] == kind]
    return datetime.fromtimestamp(int(item["expires"]["N"]), UTC)


def test_counts_attachments_by_day(stack: Stack, table: Table) -> None:
    """Each day of UTC has a count of its own, which is kept until that day is over."""
    counts = AttachmentCounts(table)
    counts.add("AIDAALICE", NOON)
    counts.add("AIDAALICE", NOON + HOUR)

    assert counts.so_far("AIDAALICE", NOON.replace(hour=23)) == 2
    assert counts.so_far("AIDAALICE", NOON + DAY) == 0
    assert counts.so_far("AIDABOB", NOON) == 0
    assert kept_until(stack, "attached") >= NOON + DAY


def test_counts_deletions_by_week(stack: Stack, table: Table) -> None:
    """The week around New Year is one week, and its count outlives it."""
    counts = DeletionCounts(table)
    monday, sunday = datetime(2026, 12, 28, tzinfo=UTC), datetime(2027, 1, 3, 23, tzinfo=UTC)
    counts.add("AIDAALICE", monday)

    assert counts.so_far("AIDAALICE", sunday) == 1
    assert counts.so_far("AIDAALICE", sunday + HOUR) == 0
    assert kept_until(stack, "gave-way") > sunday


@pytest.mark.parametrize("times", [1, 2])
def test_lost_answers(table: Table, calls: Calls, times: int) -> None:
    """A count that botocore writes again counts once, and another count of the same user counts again."""
    counts = AttachmentCounts(table)
    for _ in range(times):
        calls.lose_answer("UpdateItem")
        counts.add("AIDAALICE", NOON)

    assert counts.so_far("AIDAALICE", NOON) == times


def test_count_of_the_first_release(stack: Stack, table: Table) -> None:
    """A count of release 1.0.0, which has no tokens, is continued."""
    stack.flags.put(kind={"S": "attached"}, subject={"S": "2026-12-30#AIDAALICE"}, times={"N": "2"})
    counts = AttachmentCounts(table)
    counts.add("AIDAALICE", NOON)

    assert counts.so_far("AIDAALICE", NOON) == 3


def test_throttles_notices_for_a_day(table: Table, stack: Stack, topic: OpsTopic) -> None:
    """A notice is published again after a day, even if DynamoDB has not deleted the expired item yet."""
    daily, notice = (
        DailyNotices(topic, NoticeThrottle(table)),
        Notice("kind", Severity.ALARM, "subject", "text"),
    )
    for after in (0 * HOUR, 23 * HOUR, 24 * HOUR):
        daily.publish(notice, "AIDAALICE", NOON + after)

    assert len(stack.ops.kinds()) == 2


def test_throttles_each_kind(table: Table, stack: Stack, topic: OpsTopic) -> None:
    """Two kinds of notices about one user are both published."""
    daily = DailyNotices(topic, NoticeThrottle(table))
    for kind in ("fought-over", "unenforceable", "fought-over"):
        daily.publish(Notice(kind, Severity.ALARM, "subject", "text"), "AIDAALICE", NOON)

    assert stack.ops.kinds() == ["fought-over", "unenforceable"]


def test_records_published_notices(table: Table, stack: Stack, topic: OpsTopic, calls: Calls) -> None:
    """A notice is repeated if it was not recorded as published, and no notice is published about no users."""
    daily, notice = (
        DailyNotices(topic, NoticeThrottle(table)),
        Notice("kind", Severity.ALARM, "subject", "text"),
    )
    calls.fail("PutItem", "AccessDeniedException", status=400)
    with pytest.raises(ClientError):
        daily.publish(notice, "AIDAALICE", NOON)
    daily.publish(notice, "AIDAALICE", NOON)
    daily.publish_new({}, lambda _: notice, NOON)

    assert len(stack.ops.kinds()) == 2


def test_deletion_flag_expires(table: Table) -> None:
    """The flag of a deletion ends at its time, even if DynamoDB has not deleted the item yet."""
    UserFlagWriter(table).flag_deletion_pending("AIDAALICE", NOON)

    for now, deletion_pending in ((NOON - HOUR, {"AIDAALICE"}), (NOON, set())):
        assert AccountFlags(table).read(now).deletion_pending == deletion_pending
        assert UserFlags(table).read("AIDAALICE", now).deletion_pending == deletion_pending


def test_flags_enforced_users(table: Table, calls: Calls) -> None:
    """Enforced users are flagged permanently, 25 a call, even over a flag that would expire."""
    UserFlagWriter(table).flag_previously_enforced("AIDA7", NOON)
    everybody = frozenset(f"AIDA{number}" for number in range(60))
    AccountFlagWriter(table).flag_previously_enforced(everybody)

    assert calls.count("BatchWriteItem") == 3
    assert AccountFlags(table).read(NOON + 9999 * DAY).previously_enforced == everybody


def test_records_published_exemptions(table: Table) -> None:
    """A published exemption is recorded by its summary until it is over."""
    flags = AccountFlagWriter(table)
    flags.record_exemptions({"AIDAALICE": "tag CI", "AIDABOB": "path /service/"}, over=())
    flags.record_exemptions({"AIDAALICE": "tag build"}, over={"AIDABOB"})

    assert AccountFlags(table).published_exemptions() == {"AIDAALICE": "tag build"}
    assert UserFlags(table).published_exemption("AIDAALICE") == "tag build"
    assert UserFlags(table).published_exemption("AIDABOB") is None


def test_detached_names_expire(table: Table) -> None:
    """The name of a user who lost the policy is kept for a day, and explains only a later rename."""
    UserFlagWriter(table).flag_name_detached("alice", NOON)
    flags = UserFlags(table)

    assert [flags.name_was_detached("alice", NOON + after) for after in (-HOUR, HOUR, DAY)] == [False, True, False]
    assert not flags.name_was_detached("bob", NOON + HOUR)
