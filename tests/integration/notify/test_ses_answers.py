"""The notify handler: what an answer of SES, or none, means for the mail and its claim."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from aws import clients
from domain.reminders.message import ReminderMessage
from notify.handler import lambda_handler
from tests.integration.conftest import Calls, Log, batch, failed
from tests.integration.deployment import Context, Stack
from tests.integration.notify.conftest import ADDRESS, NAME, SENDER, People, Person, Read


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("SendingPausedException", 400),
        ("AccountSuspendedException", 400),
        ("MailFromDomainNotVerifiedException", 400),
        ("NotFoundException", 404),
        ("AccessDeniedException", 403),
    ],
)
def test_refused_for_now(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    code: str,
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A mail that SES refuses for now leaves the item as it was, and is sent once by the next try."""
    people.put(
        due.user_id,
        unenrolled_since={"S": "2026-11-24"},
        reminders={"N": "1"},
        last_reminded={"S": "2026-11-23T09:00:00+00:00"},
        causes={"SS": ["welcome#1"]},
    )
    message = replace(due, number=2)
    before = people.get(due.user_id)
    calls.fail("SendEmail", code, status=status)

    response = lambda_handler(batch(message.to_json()), context)
    released = people.get(due.user_id)
    again = lambda_handler(batch(message.to_json()), context)

    assert (failed(response), released) == (["m0"], before)
    assert "MailsNotSent" in capsys.readouterr().out
    assert (failed(again), len(sent), people.get(due.user_id)["reminders"]) == ([], 1, "2")


def test_releases_a_first_reminder(due: ReminderMessage, people: People, calls: Calls, context: Context) -> None:
    """A first reminder that SES refuses for now leaves no claim and no count."""
    calls.fail("SendEmail", "TooManyRequestsException", status=429)

    lambda_handler(batch(due.to_json()), context)

    item = people.get(due.user_id)
    assert item == {"unenrolled_since": "2026-11-24", "reminders": "0"}


def test_rejected_address(
    due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    """A rejected address is recorded, and the mail is not sent again."""
    calls.fail("SendEmail", "MessageRejected", status=400)

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert ([failed(response) for response in responses], sent) == ([[], []], [])
    assert calls.count("SendEmail") == 1
    item = people.get(due.user_id)
    assert item == {
        "unenrolled_since": "2026-11-24",
        "reminders": "0",
        "causes": ["reminder#2026-11-24"],
        "address_trouble": "SES refused it: MessageRejected",
        "address_trouble_of": ADDRESS,
    }


UNVERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "


@pytest.mark.parametrize(
    ("identities", "back"),
    [
        (f"{ADDRESS}, {SENDER}", True),
        (SENDER, True),
        (SENDER.upper(), True),
        (ADDRESS, False),
        (f"x{SENDER}", False),
    ],
)
def test_unverified_sender(
    due: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    identities: str,
    back: bool,
    stack: Stack,
) -> None:
    """A rejection that names the sender sends the message back and records nothing about the user's address."""
    stack.update(SenderEmail="MFA@example.com")
    calls.fail("SendEmail", "MessageRejected", status=400, message=UNVERIFIED + identities)

    response = lambda_handler(batch(due.to_json()), context)

    assert bool(failed(response)) == back
    assert ("address_trouble" in people.get(due.user_id)) != back


@pytest.mark.parametrize("named", ["lead@example.com", "LEAD@example.com"])
def test_unverified_manager(
    managed: ReminderMessage,
    people: People,
    calls: Calls,
    sent: list[dict[str, Any]],
    context: Context,
    log: Log,
    named: str,
) -> None:
    """A mail that SES rejects because of the manager's address is sent to the user alone."""
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}{named}")

    response = lambda_handler(batch(managed.to_json()), context)

    assert failed(response) == []
    (request,) = sent
    assert request["Destination"] == {"ToAddresses": [ADDRESS]}
    assert "lead@example.com" not in json.dumps(request)
    assert "address_trouble" not in people.get(managed.user_id)
    assert "last_reminded" in people.get(managed.user_id)
    assert log.entry("Mail sent without the manager, whose address SES refused")["user_name"] == NAME


def test_no_time_without_the_manager(managed: ReminderMessage, people: People, calls: Calls) -> None:
    """A mail rejected because of the manager is given back if no time is left to send it to the user alone."""
    context = Context("NotifyFunction", left=(60_000, 60_000, 20_000))
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}lead@example.com")

    response = lambda_handler(batch(managed.to_json()), context)

    assert (failed(response), calls.count("SendEmail")) == (["m0"], 1)
    assert people.get(managed.user_id) == {"unenrolled_since": "2026-11-24", "reminders": "0"}


def test_unverified_user_and_manager(
    managed: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    """A rejection that names user and manager is recorded against the user's address."""
    calls.fail("SendEmail", "MessageRejected", status=400, message=f"{UNVERIFIED}{ADDRESS}, lead@example.com")

    lambda_handler(batch(managed.to_json()), context)

    assert sent == []
    assert people.get(managed.user_id)["address_trouble_of"] == ADDRESS


def test_accepted_mail_clears_the_record(
    due: ReminderMessage, people: People, sent: list[dict[str, Any]], context: Context
) -> None:
    """A mail that SES accepts clears what was recorded about the address."""
    people.put(
        due.user_id,
        unenrolled_since={"S": "2026-11-24"},
        address_trouble={"S": "SES refused it"},
        address_trouble_of={"S": ADDRESS},
    )

    lambda_handler(batch(due.to_json()), context)

    assert len(sent) == 1
    assert not {"address_trouble", "address_trouble_of"} & people.get(due.user_id).keys()


def test_lost_answer(due: ReminderMessage, people: People, calls: Calls, context: Context) -> None:
    """A mail whose answer is lost is not sent again, and stays unconfirmed."""
    calls.break_off("SendEmail", ReadTimeoutError(endpoint_url="https://email.us-east-1.amazonaws.com"))

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [[], []]
    assert calls.count("SendEmail") == 1
    item = people.get(due.user_id)
    assert (item["causes"], item["claimed_on"]) == (["reminder#2026-11-24"], "2026-11-24")
    assert "last_reminded" not in item


@pytest.mark.parametrize("fault", [("InternalServiceErrorException", 500), ("ServiceUnavailable", 503), None])
def test_ses_fails(
    due: ReminderMessage, people: People, calls: Calls, context: Context, fault: tuple[str, int] | None
) -> None:
    """A mail that SES answers with a server error is not sent again, and stays unconfirmed."""
    if fault:
        calls.fail("SendEmail", fault[0], status=fault[1])
    else:
        calls.lose_answer("SendEmail")

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [[], []]
    assert calls.count("SendEmail") == 1
    assert "last_reminded" not in people.get(due.user_id)


def test_unreadable_answer(due: ReminderMessage, people: People, calls: Calls, context: Context) -> None:
    """An answer with status 200 confirms the mail, even if its text cannot be read."""
    calls.answer("SendEmail", '{"MessageId": "01')

    response = lambda_handler(batch(due.to_json()), context)

    assert failed(response) == []
    assert "last_reminded" in people.get(due.user_id)


def minute() -> Context:
    """Return the context of a run of a minute, of which each check of the clock takes four seconds."""
    return Context("NotifyFunction", left=range(60_000, 0, -4_000))


@pytest.fixture
def outage(calls: Calls) -> Callable[[int], None]:
    """Let DynamoDB fail so many requests once SES has answered."""

    def begin(requests: int) -> None:
        def fail(**_: object) -> None:
            events.unregister("after-call.sesv2.SendEmail", fail)
            for _request in range(requests):
                calls.keep_failing("UpdateItem", "InternalServerError", status=500)

        events = clients.sesv2_without_retries("us-east-1").meta.events
        events.register("after-call.sesv2.SendEmail", fail)

    return begin


def test_confirms_late(due: ReminderMessage, people: People, outage: Callable[[int], None]) -> None:
    """A mail that SES has accepted is confirmed as soon as the table accepts writes."""
    outage(3)

    response = lambda_handler(batch(due.to_json()), minute())

    assert failed(response) == []
    item = people.get(due.user_id)
    assert ("last_reminded" in item, "claimed_on" in item) == (True, False)


def test_releases_late(
    person: Person, calls: Calls, sent: list[dict[str, Any]], event_text: Read, outage: Callable[[int], None]
) -> None:
    """The claim of a refused mail is released as soon as the table accepts writes, so the mail is not lost."""
    person()
    calls.fail("SendEmail", "TooManyRequestsException", status=429)
    outage(3)

    responses = [lambda_handler(batch(event_text("create_login_profile")), minute()) for _ in range(2)]

    assert ([failed(response) for response in responses], len(sent)) == ([["m0"], []], 1)


def test_never_confirmed(due: ReminderMessage, people: People, calls: Calls, outage: Callable[[int], None]) -> None:
    """A mail that cannot be confirmed in time is not sent again by its message, and stays due on another day."""
    outage(200)

    first = lambda_handler(batch(due.to_json()), minute())
    calls.forget("UpdateItem")
    again = lambda_handler(batch(due.to_json(), tries=2), minute())

    assert (failed(first), failed(again), calls.count("SendEmail")) == (["m0"], [], 1)
    assert "claimed_on" in people.get(due.user_id)


def test_never_reached_ses(
    due: ReminderMessage, people: People, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    """A mail that never reached SES is sent by the next try."""
    calls.break_off("SendEmail", ConnectTimeoutError(endpoint_url="https://email.us-east-1.amazonaws.com"))

    responses = [lambda_handler(batch(due.to_json()), context) for _ in range(2)]

    assert [failed(response) for response in responses] == [["m0"], []]
    assert len(sent) == 1


def test_lost_answer_of_the_claim(
    due: ReminderMessage, calls: Calls, sent: list[dict[str, Any]], context: Context
) -> None:
    """A claim whose answer is lost still belongs to this run, so the mail is sent."""
    calls.lose_answer("UpdateItem")

    response = lambda_handler(batch(due.to_json()), context)

    assert (failed(response), len(sent)) == ([], 1)
    assert calls.count("UpdateItem") == 3
