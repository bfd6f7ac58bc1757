"""The people table on moto: records and runs are read back, page by page, and an outdated change is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws import clients
from aws.dynamodb.people_table import PeopleTable
from aws.dynamodb.table import Table
from domain.enrolment.record import PersonRecord, RecordChange
from domain.enrolment.totals import RunTotals
from tests.integration.deployment import ACCOUNT, Items, Stack

ALICE = "AIDAEXAMPLEALICE"
NEW = PersonRecord(ALICE, "alice")
UNENROLLED = replace(NEW, first_seen=date(2026, 11, 10), unenrolled_since=date(2026, 11, 10))
FULL = PersonRecord(
    ALICE,
    "alice",
    first_seen=date(2026, 11, 1),
    unenrolled_since=date(2026, 11, 10),
    reminders=4,
    last_reminded=datetime(2026, 11, 17, 9, 0, 1, tzinfo=UTC),
    causes=frozenset({"reminder#2026-11-10", "reminder#2026-11-17"}),
    enrolled_at=date(2026, 11, 2),
    address_trouble="bounced",
    address_trouble_of="alice@example.com",
    expires=1_800_000_000,
)


@pytest.fixture
def people(stack: Stack) -> Items:
    return stack.people


@pytest.fixture
def table(people: Items) -> PeopleTable:
    return PeopleTable(Table(clients.dynamodb(), people.table, ACCOUNT))


def claim(people: Items, cause: str) -> None:
    """What a mail's claim writes."""
    people.client.update_item(
        TableName=people.table,
        Key={"user_id": {"S": ALICE}},
        UpdateExpression="SET last_reminded = :at ADD causes :cause, reminders :one",
        ExpressionAttributeValues={
            ":at": {"S": "2026-11-17T09:00:01+00:00"},
            ":cause": {"SS": [cause]},
            ":one": {"N": "1"},
        },
    )


def test_empty_table(table: PeopleTable) -> None:
    """An empty table has no people and no runs."""
    assert table.read()[:2] == ({}, ())


def test_reads_what_it_wrote(table: PeopleTable) -> None:
    """A written record is read back without its causes, which only the claims write."""
    table.follow(RecordChange(NEW, FULL))

    assert table.read()[:2] == ({ALICE: replace(FULL, causes=frozenset())}, ())


days = st.dates(date(2020, 1, 1)) | st.none()
records = st.builds(
    PersonRecord,
    user_id=st.just(ALICE),
    user_name=st.text(min_size=1),
    first_seen=days,
    unenrolled_since=days,
    reminders=st.integers(0, 1000),
    last_reminded=st.none() | st.datetimes(datetime(2020, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (hypothesis adds the zone)
    claimed_on=days,
    key_only=st.booleans(),
    causes=st.just(frozenset[str]()),
    enrolled_at=days,
    address_trouble=st.none() | st.text(min_size=1),
    address_trouble_of=st.none() | st.text(min_size=1),
    expires=st.none() | st.integers(0, 2**40),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records, records)
def test_changes_any_record(people: Items, table: PeopleTable, first: PersonRecord, second: PersonRecord) -> None:
    """Any record can be changed into any other."""
    people.delete(user_id=ALICE)
    table.follow(RecordChange(NEW, first))

    table.follow(RecordChange(first, second))

    assert table.read()[0][ALICE] == second


def test_keeps_concurrent_changes(people: Items, table: PeopleTable) -> None:
    """A change keeps what a claim has written in the meantime."""
    table.follow(RecordChange(NEW, UNENROLLED))
    claim(people, "reminder#2026-11-17")

    table.follow(RecordChange(UNENROLLED, replace(UNENROLLED, user_name="alicia")))

    record = table.read()[0][ALICE]
    assert (record.user_name, record.reminders) == ("alicia", 1)
    assert record.causes == {"reminder#2026-11-17"}


def test_removes_only_old_causes(people: Items, table: PeopleTable) -> None:
    """A change removes the causes it read and keeps those that a claim added in the meantime."""
    table.follow(RecordChange(NEW, UNENROLLED))
    claim(people, "reminder#2026-07-01")
    before = replace(UNENROLLED, causes=frozenset({"reminder#2026-07-01"}))
    claim(people, "reminder#2026-11-17")

    table.follow(RecordChange(before, replace(before, causes=frozenset())))

    assert table.read()[0][ALICE].causes == {"reminder#2026-11-17"}


def test_second_change_is_refused(people: Items, table: PeopleTable) -> None:
    """A change based on an outdated record is refused and changes nothing."""
    table.follow(RecordChange(NEW, UNENROLLED))
    claim(people, "reminder#2026-11-17")
    late = replace(UNENROLLED, unenrolled_since=date(2026, 11, 11), reminders=0, last_reminded=None)

    assert not table.follow(RecordChange(NEW, late))
    assert not table.follow(RecordChange(late, replace(late, unenrolled_since=None)))

    record = table.read()[0][ALICE]
    assert (record.unenrolled_since, record.reminders) == (date(2026, 11, 10), 1)


def test_runs(people: Items, table: PeopleTable) -> None:
    """Runs are kept apart from the people, in the order of their times, with an expiry."""
    today = RunTotals(datetime(2026, 11, 24, 9, tzinfo=UTC), {"enrolled": 312, "unenrolled": 28})
    yesterday = replace(today, at=datetime(2026, 11, 23, 9, tzinfo=UTC))

    table.keep(today, expires=datetime(2027, 11, 24, 9, tzinfo=UTC))
    table.keep(yesterday, expires=datetime(2027, 11, 23, 9, tzinfo=UTC))

    contents = table.read()
    assert (contents.people, [(run.at, run.counts) for run in contents.runs]) == (
        {},
        [(run.at, run.counts) for run in (yesterday, today)],
    )
    run = people.get(user_id="run#2026-11-24T09:00:00+00:00") or {}
    assert run["expires"] == {"N": "1827046800"}


def test_pages(people: Items, table: PeopleTable) -> None:
    """Every page of the table is read."""
    for number in range(30):
        people.put(user_id={"S": f"AIDA{number}"}, causes={"SS": ["x" * 100_000]})

    assert len(table.read()[0]) == 30


def test_item_of_a_claim(people: Items, table: PeopleTable) -> None:
    """An item that only a claim has written is read."""
    claim(people, "welcome#1")

    record = table.read()[0][ALICE]

    assert (record.unenrolled_since, record.reminders, record.causes) == (None, 1, frozenset({"welcome#1"}))
