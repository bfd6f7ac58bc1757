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


def test_a_reminder_is_one_mail_that_is_counted_before_it_is_sent(
    stack: Stack, due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
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


def test_what_is_the_same_for_all_mails_is_read_once_per_batch(
    person: Person, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context, due: ReminderMessage
) -> None:
    names = [f"user{number}" for number in range(9)]
    others = [replace(due, user_name=name, user_id=person(name)) for name in names]
    for other in others:
        people.put(other.user_id, unenrolled_since={"S": "2026-11-24"})

    lambda_handler(batch(*[message.to_json() for message in (due, *others)]), context)

    assert len(sent) == 10
    assert (calls.count("ListAccountAliases"), calls.count("GetAccount")) == (1, 1)


def test_an_escalation_goes_to_the_manager_too(
    managed: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    lambda_handler(batch(managed.to_json()), context)

    assert sent[0]["Destination"] == {"ToAddresses": [ADDRESS], "CcAddresses": ["lead@example.com"]}
    assert subjects(sent) == ["Escalation: AWS user alice has been without MFA for 14 days"]


def test_the_accounts_alias_is_in_the_address_to_sign_in_at(
    iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.create_account_alias(AccountAlias="example-corp")

    lambda_handler(batch(due.to_json()), context)

    body = sent[0]["Content"]["Simple"]["Body"]
    assert "https://example-corp.signin.aws.amazon.com/console" in body["Text"]["Data"]
    assert 'href="https://example-corp.signin.aws.amazon.com/console"' in body["Html"]["Data"]


def test_delivered_twice_it_is_sent_once(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    lambda_handler(batch(due.to_json(), due.to_json()), context)
    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    assert len(sent) == 1
    assert people.get(due.user_id)["reminders"] == "1"


def test_of_two_reminders_that_waited_only_one_goes_out_in_whichever_order(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    next_day = replace(due, cause="reminder#2026-11-25", days=1)

    lambda_handler(batch(next_day.to_json(), due.to_json()), context)

    assert len(sent) == 1
    assert people.get(due.user_id)["causes"] == ["reminder#2026-11-25"]


@pytest.mark.parametrize("serial", [PHONE, f"arn:aws:iam::{ACCOUNT}:u2f/user/alice/key-EXAMPLE", "GAHT12345678"])
def test_who_enrolled_while_the_reminder_waited_is_not_nagged(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context, serial: str
) -> None:
    enrol(iam, serial=serial)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


def test_a_reminder_that_counts_from_another_day_is_overtaken(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    people.put(due.user_id, unenrolled_since={"S": "2026-11-25"})

    lambda_handler(batch(due.to_json()), context)

    assert sent == []


def test_a_user_who_is_gone_gets_none(
    iam: "IAMClient", due: ReminderMessage, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.delete_user(UserName=NAME)

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])


@pytest.mark.parametrize(("claimed_on", "mails"), [({"claimed_on": {"S": "2026-11-24"}}, 1), ({}, 0)])
def test_another_try_is_for_a_first_one_that_is_still_not_confirmed(
    due: ReminderMessage,
    people: People,
    sent: list[dict[str, Any]],
    context: Context,
    claimed_on: dict[str, Any],
    mails: int,
) -> None:
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


def test_who_was_exempted_while_the_reminder_waited_is_not_nagged(
    iam: "IAMClient", due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    iam.tag_user(UserName=NAME, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), sent) == ([], [])
    assert "causes" not in people.get(due.user_id)


@pytest.mark.parametrize("by", ["attachment", "group", "nothing"])
def test_who_is_not_enforced_is_not_told_that_everything_is_denied(
    iam: "IAMClient",
    stack: Stack,
    due: ReminderMessage,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr("domain.users.APPEARS_WITHIN", timedelta(0))  # the user is not new
    if by == "attachment":
        iam.attach_user_policy(UserName=NAME, PolicyArn=stack.policy_arn)
    if by == "group":
        iam.add_user_to_group(GroupName=stack.group, UserName=NAME)

    lambda_handler(batch(due.to_json()), context)

    # If the policy is attached, the groups are not read.
    assert ("ListGroupsForUser" in calls) is (by != "attachment")
    assert ("denies you nearly everything" in json.dumps(sent)) is (by != "nothing")
