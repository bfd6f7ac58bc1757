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
def test_failed_read(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], operation: str
) -> None:
    """A failed read ends the run before any write, mail or notice."""
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


def test_queue_refuses_once(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A message that the queue refuses is sent again at once."""
    person()
    calls.answer("SendMessageBatch", refused("0"))

    lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert calls.count("SendMessageBatch") == 2


@pytest.mark.parametrize("fault", ["refused", "unreachable"])
def test_queue_refuses_always(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any], fault: str
) -> None:
    """A mail that the queue keeps refusing is in the digest, and the next run plans it again."""
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
    assert "could not be queued" in lost["Message"]
    assert lost["MessageAttributes"]["severity"]["Value"] == "alarm"
    assert "could not be queued" not in second["Message"]
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
def test_next_run_completes_the_work(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    operation: str,
    code: str,
    status: int,
) -> None:
    """After any failed call, the next run plans the same mails with the same causes."""
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


def test_devices_cannot_be_read(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user whose devices cannot be read is left to the next run, and the others are mailed."""
    person("first@example.com")
    person("second@example.com")
    calls.fail("ListMFADevices", "AccessDenied", status=403)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    assert len(around.mails()) == 1
    assert "1 person was not reminded: IAM did not say" in " ".join(around.digests()[0]["Message"].split())


def test_throttling(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A run continues although IAM throttles several of its calls."""
    person()
    for operation in ("GetAccountAuthorizationDetails", "ListVirtualMFADevices", "ListMFADevices"):
        calls.fail(operation, "Throttling", status=400, times=3)

    lambda_handler(event, context)

    assert len(around.mails()) == 1


def test_report_cannot_be_kept(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A report that cannot be kept fails the run after mails and digest, and the next run keeps one."""
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


def test_repeated_run(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A run that Lambda repeats publishes one digest, and the next run publishes another."""
    person()
    calls.fail("PutObject", "AccessDenied", status=403, times=2)

    for _ in range(2):
        with pytest.raises(ClientError):
            lambda_handler(event, context)
    after_the_repetition = len(around.digests())
    lambda_handler(event, next_run())

    assert (after_the_repetition, len(around.digests())) == (1, 1)


@pytest.mark.parametrize(("fault", "completed"), [(None, True), ("PutObject", False), ("SendMessageBatch", False)])
def test_counts_completed_runs(
    person: Person,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    fault: str | None,
    completed: bool,
) -> None:
    """A run counts as completed only if all of its work was done."""
    person()
    if fault:
        calls.fail(fault, "AccessDenied", status=403)

    with nullcontext() if completed else pytest.raises((ClientError, RunIncomplete)):
        lambda_handler(event, context)

    assert ("ReminderRunsCompleted" in capsys.readouterr().out) == completed


def test_malformed_row_and_item(
    iam: "IAMClient", person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A malformed row and a malformed item are named in the digest, and the other users are reminded."""
    person()
    person("odd@example.com")
    around.put("AIDAODD", user_name={"S": "x"}, unenrolled_since={"S": "24.11.2026"})
    calls.answer("GetCredentialReport", report_of(iam, shifted="odd@example.com"))

    lambda_handler(event, context)

    assert NAME in {message.user_name for message in around.mails()}
    [digest] = around.digests()
    assert "could not be read: odd, AIDAODD" in " ".join(digest["Message"].split())


def test_refused_write(
    person: Person, around: Surroundings, calls: Calls, context: Context, event: dict[str, Any]
) -> None:
    """A user whose item cannot be written is named and waits; the others are reminded before the run fails."""
    for name in ("a@example.com", "b@example.com"):
        person(name)
    calls.fail("UpdateItem", "ValidationException", status=400)

    with pytest.raises(RunIncomplete):
        lambda_handler(event, context)

    [reminded] = {message.user_name for message in around.mails()}
    [digest] = around.digests()
    [waiting] = {"a@example.com", "b@example.com"} - {reminded}
    assert waiting in " ".join(digest["Message"].split()).partition("could not be written")[2]
    assert around.reports()


def test_digest_cannot_be_published(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A digest that cannot be published leaves report and metrics, and the repeated run publishes it once."""
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


def test_dry_run_is_not_repeated(
    person: Person,
    around: Surroundings,
    calls: Calls,
    context: Context,
    event: dict[str, Any],
    stack: Stack,
) -> None:
    """A failed call does not fail a dry run, because a repeated one could not know that ops were notified."""
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
def test_wrong_setting(
    context: Context, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A wrong environment variable stops the run with an error that names it."""
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidSetting, match=f"environment variable {name}: expected"):
        lambda_handler(event, context)
