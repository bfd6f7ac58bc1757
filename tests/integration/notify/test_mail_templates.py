"""The notify handler with templates of ops in S3: what is sent, what is logged and counted, how often S3 is asked."""

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError

from aws import clients
from domain.reminders.message import ReminderMessage
from notify import templates
from notify.handler import lambda_handler
from notify.rendering import template_names
from tests.integration.conftest import Calls, Log, Raw, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.notify.conftest import REMINDED, subjects
from tests.unit.mail.test_rendering import MAIL_FOLDER
from tests.unit.mail.test_templates import OWN

BUCKET = "example-mails"


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(templates, "monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def bucket(stack: Stack, clock: Clock) -> None:
    templates.store_of.cache_clear()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    stack.update(MailTemplatesBucket=f"{BUCKET}/mfa")
    stack.run("NotifyFunction")


def put(name: str, text: str | bytes) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"mfa/{name}", Body=text)


def handle(due: ReminderMessage, context: Context) -> None:
    assert failed(lambda_handler(batch(due.to_json()), context)) == []


def test_own_words(due: ReminderMessage, sent: list[dict[str, Any]], calls: Calls, context: Context, log: Log) -> None:
    """A mail is rendered with the templates that are in the bucket, and the log lists them."""
    put("en/reminder.jinja", OWN)
    put("ja/reminder.jinja", OWN)

    handle(due, context)

    assert subjects(sent) == ["Welcome to Example, alice"]
    assert log.entry("Mail templates loaded")["templates"] == ["en/reminder.jinja", "ja/reminder.jinja"]
    assert "MailTemplatesBroken" not in log.text


@pytest.mark.parametrize(
    ("broken", "line", "cause"),
    [
        (OWN.replace("mail.user_name }}.", "mail.usr_name }}."), 6, "usr_name"),
        (OWN.replace("{% block body %}", "{% block %}"), 5, "expected"),
        (b"a\n\xff", 2, "UTF-8"),
        ("a" * 100_001, None, "larger than 100,000 bytes"),
    ],
)
def test_broken_template(
    due: ReminderMessage,
    sent: list[dict[str, Any]],
    calls: Calls,
    context: Context,
    log: Log,
    capsys: pytest.CaptureFixture[str],
    broken: str | bytes,
    line: int | None,
    cause: str,
) -> None:
    """The built-in template is sent in place of a broken one, which is logged with line and cause, and counted."""
    put("en/reminder.jinja", broken)

    handle(due, context)

    assert subjects(sent) == [REMINDED]
    entry = log.entry("Mail template is broken")
    assert (entry["template"], entry.get("line")) == ("en/reminder.jinja", line)
    assert cause in entry["cause"]
    assert entry["level"] == "ERROR"
    assert '"MailTemplatesBroken":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_one_broken_of_two(due: ReminderMessage, sent: list[dict[str, Any]], calls: Calls, context: Context) -> None:
    """A template that cannot be compiled leaves the others in use."""
    put("en/reminder.jinja", (MAIL_FOLDER / "en" / "reminder.jinja").read_text().replace("Reminder", "Please"))
    put("en/steps.jinja", "{% if %}")

    handle(due, context)

    (subject,) = subjects(sent)
    assert subject == REMINDED.replace("Reminder", "Please")
    assert "Assign MFA device" in sent[0]["Content"]["Simple"]["Body"]["Text"]["Data"]


def test_empty_bucket(
    due: ReminderMessage,
    sent: list[dict[str, Any]],
    calls: Calls,
    context: Context,
    log: Log,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """If no template can be read, the built-in ones are sent, and the error names the bucket."""
    handle(due, context)

    assert subjects(sent) == [REMINDED]
    entry = log.entry("Mail template is broken")
    assert entry["template"] == f"{BUCKET}/mfa"
    assert "no template can be read" in entry["cause"]
    assert "MailTemplatesBroken" in capsys.readouterr().out


def test_denied_keys(due: ReminderMessage, sent: list[dict[str, Any]], calls: Calls, context: Context) -> None:
    """S3 denies access to keys that do not exist, because notify may not list them: these are not errors."""
    put("en/reminder.jinja", OWN)

    def deny(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if request.url.endswith("/mfa/en/reminder.jinja"):
            return None
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        return AWSResponse(request.url, 403, HTTPHeaders(), Raw(body))

    clients.s3().meta.events.register_first("before-send.s3.GetObject", deny)  # type: ignore[arg-type]  # it answers

    handle(due, context)

    assert subjects(sent) == ["Welcome to Example, alice"]


def test_loaded_again(
    due: ReminderMessage, sent: list[dict[str, Any]], calls: Calls, context: Context, clock: Clock
) -> None:
    """S3 is asked once by each worker, and again after five minutes."""
    put("en/reminder.jinja", OWN)

    asked = []
    for seconds in (0, 299, 2, 10):
        clock.now += seconds
        handle(due, context)
        asked.append(calls.count("GetObject") // len(template_names()))

    assert asked == [1, 1, 2, 2]


def test_outage(
    due: ReminderMessage,
    sent: list[dict[str, Any]],
    calls: Calls,
    context: Context,
    clock: Clock,
    log: Log,
) -> None:
    """If S3 does not answer, the templates of before stay in use, and one call shows it."""
    put("en/reminder.jinja", OWN)
    templates.store_of(f"{BUCKET}/mfa").current()
    before = calls.count("GetObject")
    clock.now += 300
    calls.break_off("GetObject", ConnectTimeoutError(endpoint_url="https://s3.amazonaws.com"), times=2)

    handle(due, context)

    assert subjects(sent) == ["Welcome to Example, alice"]
    assert calls.count("GetObject") - before == 2  # the retry
    assert "timeout" in log.entry("Mail template is broken")["cause"].lower()


def test_no_bucket(
    due: ReminderMessage, sent: list[dict[str, Any]], calls: Calls, context: Context, stack: Stack
) -> None:
    """Without the parameter S3 is not asked."""
    stack.update(MailTemplatesBucket="")
    stack.run("NotifyFunction")

    handle(due, context)

    assert subjects(sent) == [REMINDED]
    assert calls.count("GetObject") == 0
