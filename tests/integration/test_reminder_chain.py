"""From remind through the queue to notify on moto: 300 first reminders, with repeated messages and throttling."""

from collections import Counter
from random import Random

import boto3
import pytest

from tests.integration.conftest import Calls
from tests.integration.mailing import Mailing, deploy, populate

PEOPLE = 300


def test_one_reminder_each(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every user gets one reminder, although messages repeat, come in disorder and mails are throttled."""
    stack = deploy(monkeypatch)
    mailing = Mailing(stack, calls, PEOPLE, throttled=True)
    populate(PEOPLE)

    totals, queued = mailing.remind()
    waiting = [*queued, *queued[::10]]
    Random(1).shuffle(waiting)  # noqa: S311  (any order will do)
    mailing.notify(waiting)

    assert totals["reminders"] == PEOPLE
    assert mailing.sent == Counter(f"user{number:04}@example.com" for number in range(PEOPLE))
    pages = (
        boto3.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stack.people.table,
            FilterExpression="reminders = :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    )
    assert sum(page["Count"] for page in pages) == PEOPLE
    assert calls.count("ListMFADevices") <= 2.5 * PEOPLE
