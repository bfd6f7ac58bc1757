"""The remind handler: what the digest, the metrics and the report of a run say."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from remind.handler import lambda_handler
from tests.integration.conftest import Calls, Log
from tests.integration.deployment import Context, Stack
from tests.integration.remind.conftest import NAME, TODAY, Person, Surroundings, enrol, next_run
from tests.template import Template

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def test_no_sender(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """Without a sender, a run publishes the digest and sends no mail."""
    stack.update(SenderEmail="")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    (digest,) = around.digests()
    assert "SenderEmail is empty" in digest["Message"]
    assert not {"ListMFADevices", "SendMessageBatch", "GetAccount"} & set(calls)


def test_dry_run(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    log: Log,
) -> None:
    """A dry run publishes a digest that says so, sends no mail and writes nothing."""
    stack.update(DryRun="true")
    person()

    lambda_handler(event, context)

    assert around.mails() == []
    assert around.items() == 0
    assert around.reports() == {}
    assert "This was a dry run" in " ".join(around.digests()[0]["Message"].split())
    assert log.entry("Reminder planned")["user_name"] == NAME
    assert NAME not in log.entry("Run done").values()


def test_ses_status_unknown(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A failure to read the status of SES is in the digest and stops no mail."""
    person()
    calls.fail("GetAccount", "AccessDeniedException", status=403)

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "SES did not say" in around.digests()[0]["Message"]


@pytest.mark.parametrize(
    ("unknown", "verified", "warned"),
    [(0, True, False), (1, True, False), (2, True, False), (0, False, True), (3, False, True)],
)
def test_unverified_sender(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
    unknown: int,
    verified: bool,
    warned: bool,
) -> None:
    """The digest warns of a sender if SES has verified neither the address nor its domain nor the one above."""
    stack.update(SenderEmail="mfa@mail.example.com")
    person()
    calls.forget("GetEmailIdentity")
    calls.answer("GetEmailIdentity", *[json.dumps({"VerifiedForSendingStatus": verified})] * 3)
    if unknown:
        calls.fail("GetEmailIdentity", "NotFoundException", status=404, times=unknown)

    lambda_handler(event, context)

    assert ("SES has not verified the sender" in around.digests()[0]["Message"]) == warned
    assert len(around.mails()) == 1


def test_shows_changes(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """The next digest gives the changes in numbers and leaves out the users who enrolled."""
    person()
    person("bob@example.com")
    lambda_handler(event, context)
    enrol(iam, "bob@example.com")

    lambda_handler(event, next_run())

    _, digest = around.digests()
    assert "     1  enrolled (+1)\n     1  not enrolled (\N{MINUS SIGN}1)\n" in digest["Message"]
    assert "bob@example.com" not in digest["Message"]


def test_ignores_expired_runs(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A run that has expired is not compared with, even if DynamoDB has not deleted it yet."""
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
    """Of several runs in the table, a digest compares with the latest."""
    person()
    for days, enrolled in ((1, "4"), (3, "9"), (2, "7")):
        at = datetime.now(UTC) - timedelta(days=days)
        totals = {"enrolled": {"N": enrolled}, "unenrolled": {"N": "1"}}
        around.put(f"run#{at.isoformat()}", at={"S": at.isoformat()}, totals={"M": totals})

    lambda_handler(event, context)

    [digest] = around.digests()
    assert "     0  enrolled (\N{MINUS SIGN}4)\n" in digest["Message"]


def test_group_without_the_policy(
    iam: "IAMClient",
    stack: Stack,
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
) -> None:
    """A member of the group is not enforced in digest and report if the group lacks the policy."""
    iam.detach_group_policy(GroupName=stack.group, PolicyArn=stack.policy_arn)
    person()
    iam.add_user_to_group(GroupName=stack.group, UserName=NAME)

    lambda_handler(event, context)

    [table] = [text for key, text in around.reports().items() if key.endswith(".csv")]
    assert "through the group" not in table
    assert "NOT ENFORCED" in around.digests()[0]["Message"]


def test_keeps_a_report(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A run keeps its report as a table and as a page, with every user."""
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


def test_links(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], stack: Stack
) -> None:
    """The digest links to the page that the run has stored, and to the dashboard of the stack."""
    person()

    lambda_handler(event, context)

    [page] = [key for key in around.reports() if key.endswith(".html")]
    host, bucket = "https://us-east-1.console.aws.amazon.com", stack.ref("ReportBucket")
    dashboard = Template().resources["Dashboard"]["Properties"]["DashboardName"]
    text = around.digests()[0]["Message"]
    assert f"Every user: {host}/s3/object/{bucket}?region=us-east-1&prefix={page}\n" in text
    assert f"Dashboard:  {host}/cloudwatch/home?region=us-east-1#dashboards/dashboard/{dashboard}\n" in text


@pytest.mark.parametrize("reason", ["refused", "dry run"])
def test_no_report(
    reason: str,
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """The digest has no link to a report that was not stored."""
    person()
    if reason == "refused":
        calls.fail("PutObject", "AccessDenied", status=403)
    else:
        stack.update(DryRun="true")

    with pytest.raises(ClientError) if reason == "refused" else nullcontext():
        lambda_handler(event, context)

    text = around.digests()[0]["Message"]
    assert "Every user:" not in text
    assert "Dashboard:" in text


def test_exemption_that_ends(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """The digest announces an exemption that ends in three days, with the stack's tag."""
    person(mfa_exempt=f"{TODAY + timedelta(days=3)} OPS-4711")

    lambda_handler(event, context)

    [digest] = around.digests()
    assert digest["MessageAttributes"]["severity"]["Value"] == "warning"
    command = f"aws iam tag-user --user-name {NAME} --tags 'Key=mfa-exempt,Value={TODAY + timedelta(days=93)} OPS-4711'"
    assert f"\n\n  {command}\n\n" in digest["Message"]


def test_metrics(
    person: Person, calls: Calls, context: Context, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The metrics count the users by state, the reminders and the escalations."""
    person()
    person("unreachable")

    lambda_handler(event, context)

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    metrics = json.loads(line)
    assert {name: metrics[name] for name in metrics if name.startswith(("Users", "Reminders", "Escalations"))} == {
        "UsersEnrolled": [0.0],
        "UsersUnenrolled": [2.0],
        "UsersDormant": [0.0],
        "UsersUnknown": [0.0],
        "UsersUnreachable": [1.0],
        "RemindersPlanned": [1.0],
        "Escalations": [0.0],
    }
