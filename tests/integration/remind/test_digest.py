"""The remind handler: what the digest, the metrics and the report of a run say."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from remind.handler import lambda_handler
from tests.integration.conftest import Calls, Log
from tests.integration.deployment import Context, Stack
from tests.integration.remind.conftest import NAME, TODAY, Person, Surroundings, enrol, next_run

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_without_a_sender_the_digest_is_all_there_is(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    stack.update(SenderEmail="")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    (digest,) = around.digests()
    assert "SenderEmail is empty" in digest["Message"]
    assert not {"ListMFADevices", "SendMessageBatch", "GetAccount"} & set(calls)


def test_a_dry_run_tells_and_writes_nothing(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    log: Log,
) -> None:
    stack.update(DryRun="true")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    assert around.items() == 0
    assert around.reports() == {}
    assert "This was a dry run" in " ".join(around.digests()[0]["Message"].split())
    assert log.entry("Reminder planned")["user_name"] == NAME
    assert NAME not in log.entry("Run done").values()


def test_ses_that_does_not_say_is_told_and_stops_nothing(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.fail("GetAccount", "AccessDeniedException", status=403)

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "SES did not say" in around.digests()[0]["Message"]


@pytest.mark.parametrize(
    ("unknown", "verified", "told"),
    [(0, True, False), (1, True, False), (2, True, False), (0, False, True), (3, False, True)],
)
def test_a_sender_that_neither_itself_nor_by_its_domain_is_verified_is_told(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    unknown: int,
    verified: bool,
    told: bool,
) -> None:
    """SES knows the address, its domain or the domain above that."""
    stack.update(SenderEmail="mfa@mail.example.com")
    person()
    calls.forget("GetEmailIdentity")
    calls.answer("GetEmailIdentity", *[json.dumps({"VerifiedForSendingStatus": verified})] * 3)
    if unknown:
        calls.fail("GetEmailIdentity", "NotFoundException", status=404, times=unknown)

    lambda_handler(event, context)

    assert ("SES has not verified the sender" in around.digests()[0]["Message"]) == told
    assert len(around.mails()) == 1


def test_the_next_digest_says_what_has_changed_and_who_enrolled_is_no_longer_in_it(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    person("bob@example.com")
    lambda_handler(event, context)
    enrol(iam, "bob@example.com")

    lambda_handler(event, next_run())

    _, digest = around.digests()
    assert "     1  enrolled (+1)\n     1  not enrolled (\N{MINUS SIGN}1)\n" in digest["Message"]
    assert "bob@example.com" not in digest["Message"]


def test_a_run_that_has_expired_is_no_comparison(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """DynamoDB deletes an expired run within days only; it does not count in the meantime."""
    person()
    old = datetime.now(UTC) - timedelta(days=500)
    around.put(
        f"run#{old.isoformat()}",
        at={"S": old.isoformat()},
        totals={"M": {"enrolled": {"N": "1"}}},
        expires={"N": str(int((old + timedelta(days=400)).timestamp()))},
    )

    lambda_handler(event, context)

    assert "change since" not in around.digests()[0]["Message"]


def test_compares_with_the_latest_run(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Of several runs that are remembered, a digest compares with the latest."""
    person()
    for days, enrolled in ((1, "4"), (3, "9"), (2, "7")):
        at = datetime.now(UTC) - timedelta(days=days)
        totals = {"enrolled": {"N": enrolled}, "unenrolled": {"N": "1"}}
        around.put(f"run#{at.isoformat()}", at={"S": at.isoformat()}, totals={"M": totals})

    lambda_handler(event, context)

    [digest] = around.digests()
    assert "     0  enrolled (\N{MINUS SIGN}4)\n" in digest["Message"]


def test_a_group_without_the_policy_enforces_nobody(
    iam: "IAMClient",
    stack: Stack,
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
) -> None:
    """A member of the group is not enforced in digest and report unless the group carries the policy."""
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    person()
    iam.add_user_to_group(GroupName=stack.group, UserName=NAME)

    lambda_handler(event, context)

    [table] = [text for key, text in around.reports().items() if key.endswith(".csv")]
    assert "through the group" not in table
    assert "NOT ENFORCED" in around.digests()[0]["Message"]


def test_a_report_of_the_run_is_kept_as_a_table_and_as_a_page_with_every_user(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    user_id = person()
    person("robot@example.com", path="/service/")
    person("bob@example.com")
    enrol(iam, "bob@example.com")
    lambda_handler(event, context)
    around.delete_reports()

    lambda_handler(event, context)

    (table, rows), (page, html) = around.reports().items()
    assert (table[:19], table[-4:]) == (f"reports/{TODAY:%Y/%m/%d}/", ".csv")
    assert page == table.replace(".csv", ".html")
    assert [line.split(",")[1] for line in rows.splitlines()[1:]] == [NAME, "robot@example.com", "bob@example.com"]
    assert user_id in html
    assert "bob@example.com" in html


def test_the_numbers_reach_the_dashboard(
    person: Person, calls: Calls, context: Context, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    person()
    person("unreachable")

    lambda_handler(event, context)

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    found = json.loads(line)
    assert {name: found[name] for name in found if name.startswith(("Users", "Reminders", "Escalations"))} == {
        "UsersEnrolled": [0.0],
        "UsersUnenrolled": [2.0],
        "UsersDormant": [0.0],
        "UsersUnknown": [0.0],
        "UsersUnreachable": [1.0],
        "RemindersPlanned": [1.0],
        "Escalations": [0.0],
    }
