"""What the table of marks remembers, for how long, and what a lost answer or an item of release 1.0.0 changes."""

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
    """Each day of UTC has a count of its own, which is kept until that day is surely over."""
    counts = AttachmentCounts(table)
    counts.add("AIDAALICE", NOON)
    counts.add("AIDAALICE", NOON + HOUR)

    assert counts.so_far("AIDAALICE", NOON.replace(hour=23)) == 2
    assert counts.so_far("AIDAALICE", NOON + DAY) == 0
    assert counts.so_far("AIDABOB", NOON) == 0
    assert kept_until(stack, "attached") >= NOON + DAY


def test_counts_deletions_by_week_of_the_calendar(stack: Stack, table: Table) -> None:
    """The week around New Year is one week, and its count outlives it."""
    counts = DeletionCounts(table)
    monday, sunday = datetime(2026, 12, 28, tzinfo=UTC), datetime(2027, 1, 3, 23, tzinfo=UTC)
    counts.add("AIDAALICE", monday)

    assert counts.so_far("AIDAALICE", sunday) == 1
    assert counts.so_far("AIDAALICE", sunday + HOUR) == 0
    assert kept_until(stack, "gave-way") > sunday


@pytest.mark.parametrize("times", [1, 2])
def test_counts_once_though_answers_get_lost(table: Table, calls: Calls, times: int) -> None:
    """A count that botocore writes again counts once; another count of the same user counts again."""
    counts = AttachmentCounts(table)
    for _ in range(times):
        calls.lose_answer("UpdateItem")
        counts.add("AIDAALICE", NOON)

    assert counts.so_far("AIDAALICE", NOON) == times


def test_goes_on_with_a_count_of_the_first_release(stack: Stack, table: Table) -> None:
    """Release 1.0.0 counted without tokens."""
    stack.flags.put(kind={"S": "attached"}, subject={"S": "2026-12-30#AIDAALICE"}, times={"N": "2"})
    counts = AttachmentCounts(table)
    counts.add("AIDAALICE", NOON)

    assert counts.so_far("AIDAALICE", NOON) == 3


def test_tells_again_after_a_day_though_the_mark_is_still_there(table: Table, stack: Stack, topic: OpsTopic) -> None:
    """DynamoDB deletes expired items within days only, so the time in the mark counts."""
    daily, notice = (
        DailyNotices(topic, NoticeThrottle(table)),
        Notice("kind", Severity.ALARM, "subject", "text"),
    )
    for after in (0 * HOUR, 23 * HOUR, 24 * HOUR):
        daily.publish(notice, "AIDAALICE", NOON + after)

    assert len(stack.ops.kinds()) == 2


def test_one_kind_of_notice_hides_no_other(table: Table, stack: Stack, topic: OpsTopic) -> None:
    """Two kinds of notices about one user are both told."""
    daily = DailyNotices(topic, NoticeThrottle(table))
    for kind in ("fought-over", "unenforceable", "fought-over"):
        daily.publish(Notice(kind, Severity.ALARM, "subject", "text"), "AIDAALICE", NOON)

    assert stack.ops.kinds() == ["fought-over", "unenforceable"]


def test_only_what_is_new_is_told_and_only_what_was_told_is_remembered(
    table: Table, stack: Stack, topic: OpsTopic, calls: Calls
) -> None:
    """A topic that refuses a notice leaves no mark, and a mark that cannot be written repeats the notice."""
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


def test_forgets_who_is_leaving_when_the_mark_expires(table: Table) -> None:
    """A mark that DynamoDB has not deleted yet holds no longer than it says."""
    UserFlagWriter(table).flag_deletion_pending("AIDAALICE", NOON)

    for now, deletion_pending in ((NOON - HOUR, {"AIDAALICE"}), (NOON, set())):
        assert AccountFlags(table).read(now).deletion_pending == deletion_pending
        assert UserFlags(table).read("AIDAALICE", now).deletion_pending == deletion_pending


def test_remembers_thousands_at_once_and_for_ever(table: Table, calls: Calls) -> None:
    """Users are marked 25 a call, over a mark that would have ended too."""
    UserFlagWriter(table).flag_previously_enforced("AIDA7", NOON)
    everybody = frozenset(f"AIDA{number}" for number in range(60))
    AccountFlagWriter(table).flag_previously_enforced(everybody)

    assert calls.count("BatchWriteItem") == 3
    assert AccountFlags(table).read(NOON + 9999 * DAY).previously_enforced == everybody


def test_knows_which_exemptions_ops_know(table: Table) -> None:
    """An exemption is remembered by its summary until it is over."""
    marker = AccountFlagWriter(table)
    marker.record_exemptions({"AIDAALICE": "tag CI", "AIDABOB": "path /service/"}, over=())
    marker.record_exemptions({"AIDAALICE": "tag build"}, over={"AIDABOB"})

    assert AccountFlags(table).published_exemptions() == {"AIDAALICE": "tag build"}
    assert UserFlags(table).published_exemption("AIDAALICE") == "tag build"
    assert UserFlags(table).published_exemption("AIDABOB") is None


def test_remembers_for_a_day_a_name_whose_bearer_lost_the_policy(table: Table) -> None:
    """Only a rename that followed the detachment within a day is explained by it."""
    UserFlagWriter(table).flag_name_detached("alice", NOON)
    mark = UserFlags(table)

    assert [mark.name_was_detached("alice", NOON + after) for after in (-HOUR, HOUR, DAY)] == [False, True, False]
    assert not mark.name_was_detached("bob", NOON + HOUR)
