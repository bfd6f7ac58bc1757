"""The remind handler: what a failure leaves behind, and what the next run makes up for."""

import json
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from domain.input.settings import InvalidSetting
from remind.handler import lambda_handler
from remind.publishing import RunIncomplete
from tests.integration.conftest import Calls
from tests.integration.deployment import Context, Stack
from tests.integration.remind.conftest import NAME, TODAY, Person, Surroundings, ago, next_run, report_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@pytest.mark.parametrize("operation", ["Scan", "GetAccountAuthorizationDetails", "ListVirtualMFADevices"])
def test_a_page_that_fails_ends_the_run_before_anything_is_written(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], operation: str
) -> None:
    user_id = person()
    around.put("AIDASOMEBODYELSE", user_name={"S": "bob"}, unenrolled_since={"S": ago(3)})
    calls.fail(operation, "AccessDenied", status=403)

    with pytest.raises(ClientError):
        lambda_handler(event, context)

    assert (around.mails(), around.digests(), around.item(user_id)) == ([], [], None)
    assert "expires" not in (around.item("AIDASOMEBODYELSE") or {})


def refused(*numbers: str) -> str:
    failures = [{"Id": number, "Code": "InternalError", "SenderFault": False} for number in numbers]
    return json.dumps({"Successful": [], "Failed": failures})


def test_what_the_queue_refuses_is_sent_again_at_once(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.answer("SendMessageBatch", refused("0"))

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert calls.count("SendMessageBatch") == 2


@pytest.mark.parametrize("fault", ["refused", "unreachable"])
def test_what_does_not_get_onto_the_queue_is_told_and_planned_again_by_the_next_run(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], fault: str
) -> None:
    for number in range(12):
        person(f"user{number:02}@example.com")
    if fault == "refused":
        calls.answer("SendMessageBatch", refused("3"), refused("3"), refused("3"))
    else:
        calls.fail("SendMessageBatch", "AWS.SimpleQueueService.NonExistentQueue", status=400)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)
    first = around.mails()
    lambda_handler(event, next_run())

    again = around.mails()
    lost, second = around.digests()
    assert "did not get onto the queue" in lost["Message"]
    assert lost["MessageAttributes"]["severity"]["Value"] == "alarm"
    assert "did not get onto the queue" not in second["Message"]
    assert len(first) < 12
    assert {message.user_name for message in again} == {f"user{number:02}@example.com" for number in range(12)}


@pytest.mark.parametrize(
    "operation",
    [
        "Scan",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "GetAccountAuthorizationDetails",
        "ListVirtualMFADevices",
        "ListMFADevices",
        "UpdateItem",
        "SendMessageBatch",
        "GetAccount",
        "GetEmailIdentity",
        "Publish",
        "PutItem",
        "PutObject",
    ],
)
@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("ServiceFailure", 500)])
def test_wherever_a_run_fails_the_next_one_makes_up_for_it_under_the_same_cause(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    operation: str,
    code: str,
    status: int,
) -> None:
    ids = {person(name) for name in ("alice@example.com", "bob@example.com", "carol@example.com")}
    calls.keep_failing(operation, code, status=status)

    with suppress(ClientError, RunIncomplete):
        lambda_handler(event, context)
    lambda_handler(event, context)

    assert {(message.user_id, message.cause) for message in around.mails()} == {
        (user_id, f"reminder#{TODAY}") for user_id in ids
    }
    assert all((around.item(user_id) or {})["unenrolled_since"] == {"S": TODAY.isoformat()} for user_id in ids)
    assert "3 not enrolled" in around.digests()[-1]["Subject"]


def test_who_cannot_be_looked_at_is_left_for_the_next_run_and_keeps_nobody_back(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person("first@example.com")
    person("second@example.com")
    calls.fail("ListMFADevices", "AccessDenied", status=403)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "1 person was not reminded: IAM did not say" in " ".join(around.digests()[0]["Message"].split())


def test_throttling_is_borne(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    for operation in ("GetAccountAuthorizationDetails", "ListVirtualMFADevices", "ListMFADevices"):
        calls.fail(operation, "Throttling", status=400, times=3)

    lambda_handler(event, context)

    assert len(around.mails()) == 1


def test_a_report_that_cannot_be_kept_costs_neither_reminders_nor_the_digest_and_is_made_up_for(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    person()
    calls.fail("PutObject", "AccessDenied", status=403)

    with pytest.raises(ClientError):
        lambda_handler(event, context)
    first = (len(around.mails()), len(around.digests()), around.items())
    counted = "RemindersPlanned" in capsys.readouterr().out
    lambda_handler(event, context)

    assert first == (1, 1, 2)
    assert counted
    assert len(around.reports()) == 2


def test_a_run_that_lambda_repeats_tells_ops_once_and_the_next_run_tells_them_again(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    person()
    calls.fail("PutObject", "AccessDenied", status=403, times=2)

    for _ in range(2):
        with pytest.raises(ClientError):
            lambda_handler(event, context)
    after_the_repetition = len(around.digests())
    lambda_handler(event, next_run())

    assert (after_the_repetition, len(around.digests())) == (1, 1)


@pytest.mark.parametrize(("fault", "completed"), [(None, True), ("PutObject", False), ("SendMessageBatch", False)])
def test_a_run_counts_as_completed_only_where_all_of_it_was_done(
    person: Person,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    fault: str | None,
    completed: bool,
) -> None:
    person()
    if fault:
        calls.fail(fault, "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises((ClientError, RunIncomplete)):
        lambda_handler(event, context)

    assert ("ReminderRunsCompleted" in capsys.readouterr().out) == completed


def test_one_odd_row_and_one_odd_item_cost_nobody_else_a_reminder(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """Ops are named what could not be read, and everybody else is reminded."""
    person()
    person("odd@example.com")
    around.put("AIDAODD", user_name={"S": "x"}, unenrolled_since={"S": "24.11.2026"})
    calls.answer("GetCredentialReport", report_of(iam, shifted="odd@example.com"))

    lambda_handler(event, context)

    assert NAME in {message.user_name for message in around.mails()}
    [digest] = around.digests()
    assert "could not be read: odd, AIDAODD" in " ".join(digest["Message"].split())


def test_one_refused_write_costs_nobody_else_a_reminder(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A person whose item the table refuses is named and waits; the run ends as failed after everything else."""
    for name in ("a@example.com", "b@example.com"):
        person(name)
    calls.fail("UpdateItem", "ValidationException", status=400)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    [reminded] = {message.user_name for message in around.mails()}
    [digest] = around.digests()
    [waiting] = {"a@example.com", "b@example.com"} - {reminded}
    assert waiting in " ".join(digest["Message"].split()).partition("could not be written down")[2]
    assert around.reports()


def test_a_digest_that_sns_refuses_costs_neither_report_nor_totals(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Report, totals and metrics are kept; Lambda's other try tells ops once and keeps one report."""
    person()
    calls.keep_failing("Publish", "InternalError", status=500)

    with pytest.raises(ClientError):
        lambda_handler(event, context)
    kept = around.reports()
    assert "UsersUnenrolled" in capsys.readouterr().out
    lambda_handler(event, context)
    lambda_handler(event, context)

    assert [key.rpartition(".")[2] for key in sorted(kept)] == ["csv", "html"]
    assert around.reports().keys() == kept.keys()
    assert len(around.digests()) == 1


def test_a_dry_run_that_fails_to_look_is_told_once(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """A dry run writes nothing, so another try could not know that ops were told: there is none."""
    stack.update(DryRun="true")
    person()
    calls.fail("ListMFADevices", "AccessDenied", status=403)

    lambda_handler(event, context)

    assert len(around.digests()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEOPLE_TABLE", ""),
        ("MAIL_QUEUE_URL", ""),
        ("OPS_TOPIC_ARN", ""),
        ("POLICY_ARN", "mfa-control"),
        ("GROUP_NAME", ""),
        ("SES_REGION", ""),
        ("DEFAULT_EMAIL_DOMAIN", "@example.com"),
        ("ALLOWED_EMAIL_DOMAINS", "example.com,*"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("REMINDER_TIME_ZONE", "Mars/Olympus"),
        ("REMINDER_TIME_ZONE", "../etc/passwd"),
        ("REMINDER_TIME_ZONE", "Asia"),
        ("SENDER_EMAIL", "MFA <mfa@example.com>"),
        ("REMINDER_DAYS", ""),
        ("REMINDER_DAYS", "0,one"),
        ("ESCALATE_AFTER_DAYS", "0"),
        ("REPORT_BUCKET", ""),
        ("REPORT_RETENTION_DAYS", "0"),
        ("DRY_RUN", "yes"),
    ],
)
def test_a_wrong_setting_stops_the_run_and_is_named(
    context: Context, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(event, context)
