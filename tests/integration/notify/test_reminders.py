"""The notify handler: which reminder is sent, to which addresses, and that none is sent twice."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from domain.reminders.message import ReminderMessage
from notify.handler import lambda_handler
from tests.integration.conftest import Calls, batch, failed
from tests.integration.deployment import ACCOUNT, Context, Stack
from tests.integration.notify.conftest import ADDRESS, NAME, PHONE, REMINDED, SENDER, People, Person, enrol, subjects

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_sends_one_reminder(
    stack: Stack, due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    """A reminder is claimed, sent once with its tags, and then confirmed."""
    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    (request,) = sent
    assert request["FromEmailAddress"] == SENDER
    assert request["Destination"] == {"ToAddresses": [ADDRESS]}
    assert request["ConfigurationSetName"] == stack.ref("MailSettings")
    assert request["EmailTags"] == [{"Name": "kind", "Value": "reminder"}, {"Name": "user_id", "Value": due.user_id}]
    assert subjects(sent) == [REMINDED]
    assert "https://111122223333.signin.aws.amazon.com/console" in request["Content"]["Simple"]["Body"]["Text"]["Data"]
    item = people.get(due.user_id)
    assert datetime.fromisoformat(item.pop("last_reminded")).date() == datetime.now(UTC).date()
    assert item == {"unenrolled_since": "2026-11-24", "reminders": "1", "causes": ["reminder#2026-11-24"]}
    assert calls == [
        "GetUser",
        "ListAttachedUserPolicies",
        "ListGroupsForUser",
        "ListMFADevices",
        "ListAccountAliases",
        "GetAccount",
        "UpdateItem",
        "SendEmail",
        "UpdateItem",
    ]


def test_reads_once_per_batch(
    person: Person, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context, due: ReminderMessage
) -> None:
    """Alias and sending rate of the account are read once per batch."""
    names = [f"user{number}" for number in range(9)]
    others = [replace(due, user_name=name, user_id=person(name)) for name in names]
    for other in others:
        people.put(other.user_id, unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(*[message.to_json() for message in (due, *others)]), context)

    assert len(sent) == 10
    assert (calls.count("ListAccountAliases"), calls.count("GetAccount")) == (1, 1)


def test_escalation(managed: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context) -> None:
    """An escalation goes to the user, with a copy to the manager."""
    lambda_handler(batch(managed.to_json()), context)

    assert sent[0]["Destination"] == {"ToAddresses": [ADDRESS], "CcAddresses": ["lead@example.com"]}
    assert subjects(sent) == ["Escalation: AWS user alice has been without MFA for 14 days"]


def test_account_alias(iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context) -> None:
    """The address for signing in carries the account's alias."""
    iam.create_account_alias(AccountAlias="example-corp")

    lambda_handler(batch(due.to_json()), context)

    body = sent[0]["Content"]["Simple"]["Body"]
    assert "https://example-corp.signin.aws.amazon.com/console" in body["Text"]["Data"]
    assert 'href="https://example-corp.signin.aws.amazon.com/console"' in body["Html"]["Data"]


def test_repeated_message(due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context) -> None:
    """A reminder that the queue delivers again is sent once."""
    lambda_handler(batch(due.to_json(), due.to_json()), context)
    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    assert len(sent) == 1
    assert people.get(due.user_id)["reminders"] == "1"


def test_two_waiting_reminders(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    """Of two reminders that waited for a user, only the first to be handled is sent."""
    next_day = replace(due, cause="reminder#2026-11-25", days=1)

    lambda_handler(batch(next_day.to_json(), due.to_json()), context)

    assert len(sent) == 1
    assert people.get(due.user_id)["causes"] == ["reminder#2026-11-25"]


@pytest.mark.parametrize("serial", [PHONE, f"arn:aws:iam::{ACCOUNT}:u2f/user/alice/key-EXAMPLE", "GAHT12345678"])
def test_enrolled_meanwhile(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context, serial: str
) -> None:
    """A user who registered any device while the reminder waited gets none."""
    enrol(iam, serial=serial)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


def test_counts_from_another_day(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    """A reminder whose first day differs from the item's is not sent."""
    people.put(due.user_id, unenrolled_since={"S": "2026-11-25"})

    lambda_handler(batch(due.to_json()), context)

    assert sent == []


def test_deleted_user(iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context) -> None:
    """A reminder to a user who no longer exists is done."""
    iam.delete_user(UserName=NAME)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(("claimed_on", "mails"), [({"claimed_on": {"S": "2026-11-24"}}, 1), ({}, 0)])
def test_second_try(
    due: ReminderMessage,
    people: People,
    sent: list[dict[str, Any]],
    context: Context,
    claimed_on: dict[str, Any],
    mails: int,
) -> None:
    """Another try of a reminder is sent only if the first is still unconfirmed."""
    people.put(
        due.user_id,
        user_name={"S": NAME},
        unenrolled_since={"S": "2026-11-24"},
        reminders={"N": "1"},
        causes={"SS": [due.cause]},
        **claimed_on,
    )
    again = replace(due, cause=f"{due.cause}#2026-11-25", number=2, days=1)

    response = lambda_handler(batch(again.to_json()), context)

    assert (failed(response), len(sent)) == ([], mails)


def test_exempted_meanwhile(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    """A user who was exempted while the reminder waited gets none."""
    iam.tag_user(UserName=NAME, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


@pytest.mark.parametrize("by", ["attachment", "group", "nothing"])
def test_mentions_denials_only_if_enforced(
    iam: "IAMClient",
    stack: Stack,
    due: ReminderMessage,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    """The mail speaks of denials only if the policy covers the user."""
    monkeypatch.setattr("domain.users.APPEARS_WITHIN", timedelta(0))  # the user is not new
    if by == "attachment":
        iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    if by == "group":
        iam.add_user_to_group(GroupName=stack.group, UserName=NAME)

    lambda_handler(batch(due.to_json()), context)

    # If the policy is attached, the groups are not read.
    assert ("ListGroupsForUser" in calls) is (by != "attachment")
    assert ("denies you nearly everything" in json.dumps(sent)) is (by != "nothing")
