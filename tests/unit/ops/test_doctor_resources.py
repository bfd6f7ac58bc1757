"""The checks of resources and notifications: policy, toggles, queues, mail and subscriptions."""

from dataclasses import replace
from typing import Any

import pytest

from ops.doctor.facts import Subscription, Toggle
from ops.doctor.findings import Level
from tests.unit.ops.doctor_facts import (
    ARN,
    DEAD_LETTERS,
    FACTS,
    POLICY,
    QUEUE,
    SENDING,
    SUBSCRIPTION,
    TOPIC,
    UNDELIVERED,
    fault,
    faults,
    request,
    requests,
    texts,
    with_deployed,
)

SCHEDULE = {
    "Name": "n",
    "GroupName": "default",
    "ScheduleExpression": "rate(1 hour)",
    "ScheduleExpressionTimezone": "UTC",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:lambda:us-east-1:111122223333:function:stack-Reconcile",
        "RoleArn": "arn:aws:iam::111122223333:role/stack-Schedule",
        "Input": '{"action": "reconcile"}',
    },
    "State": "DISABLED",
}
UUID = "3d5a1b9e-0c5e-4c3a-9c8f-2f1f6a0e7b11"


def test_changed_policy_version() -> None:
    """Another default version than the deployed one is a failure, and the remedy sets the deployed one."""
    finding = fault(with_deployed(policy=replace(POLICY, default_version="v3")))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert request(finding) == ("SetDefaultPolicyVersion", {"PolicyArn": ARN, "VersionId": "v2"})


def test_group_without_policy() -> None:
    """A group without the policy is a failure, and the remedy attaches the policy."""
    finding = fault(with_deployed(policy=replace(POLICY, attached_to_group=False)))

    assert (finding.check, finding.level) == ("Policy", Level.FAILURE)
    assert request(finding) == ("AttachGroupPolicy", {"GroupName": "mfa-group", "PolicyArn": ARN})


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("rule", ("EnableRule", {"Name": UUID})),
        ("event source mapping", ("UpdateEventSourceMapping", {"UUID": UUID, "Enabled": True})),
        ("schedule", ("UpdateSchedule", {**SCHEDULE, "State": "ENABLED"})),
    ],
)
def test_disabled_toggle(kind: str, remedy: tuple[str, dict[str, Any]]) -> None:
    """The remedy enables what is disabled, and keeps every other property of a schedule; it never deploys."""
    finding = fault(with_deployed(toggles=[Toggle("Logical", kind, UUID, enabled=False, schedule=SCHEDULE)]))

    assert (finding.level, finding.text) == (Level.FAILURE, f"the {kind} Logical is disabled")
    assert request(finding) == remedy


@pytest.mark.parametrize("state", ["waiting", "in_flight"])
def test_dead_letter(state: str) -> None:
    """A dead letter is a failure; the remedy shows it, then moves it back to its queue."""
    finding = fault(with_deployed(queues=[replace(DEAD_LETTERS, **{state: 2})]))  # type: ignore[arg-type]  # fields by name

    assert (finding.check, finding.level) == ("Queues", Level.FAILURE)
    assert "NewUsersDeadLetters has 2" in finding.text
    assert [operation for operation, _ in requests(finding)] == ["ReceiveMessage", "StartMessageMoveTask"]


def test_dead_letter_without_source() -> None:
    """The remedy purges a queue whose messages came from no queue, because SQS cannot move them back."""
    finding = fault(with_deployed(queues=[replace(UNDELIVERED, waiting=1)]))

    assert finding.text == "UndeliveredEvents has 1 message that failed every try"
    assert requests(finding)[1:] == [("PurgeQueue", {"QueueUrl": "https://sqs/undelivered"})]


def test_waiting_messages() -> None:
    """Messages that wait for a function are a warning."""
    finding = fault(with_deployed(queues=[replace(QUEUE, waiting=7, in_flight=3)]))

    assert (finding.level, finding.text) == (Level.WARNING, "NewUsers has 7 waiting, 3 in flight")


def test_messages_in_flight() -> None:
    """Messages in flight alone are ok, and the queues are not called empty."""
    facts = with_deployed(queues=[replace(QUEUE, in_flight=3), DEAD_LETTERS])

    assert faults(facts) == []
    assert texts(facts, "Queues") == ["nothing waits; NewUsers has 3 in flight"]
    assert texts(FACTS, "Queues") == ["all 3 are empty"]


@pytest.mark.parametrize(
    ("changes", "level", "remedy"),
    [
        ({"enabled": False}, Level.FAILURE, "GetAccount"),
        ({"identity": None}, Level.FAILURE, "CreateEmailIdentity"),
        ({"production": False}, Level.WARNING, "PutAccountDetails"),
    ],
)
def test_unsendable_mail(changes: dict[str, object], level: Level, remedy: str) -> None:
    """A state of SES in which mail does not arrive is a finding, with a remedy in the Region of SES."""
    sending = replace(SENDING, region="eu-west-1", **changes)  # type: ignore[arg-type]  # fields by name
    finding = fault(with_deployed(sending=sending))

    assert (finding.check, finding.level) == ("Mail", level)
    assert request(finding)[0] == remedy
    assert "--region eu-west-1" in finding.remedy


def test_no_sender() -> None:
    """Without a sender the doctor warns that users get no mail."""
    assert "SenderEmail is empty" in fault(with_deployed(sending=None)).text


def test_unconfirmed_subscription() -> None:
    """A subscription that is not confirmed is a warning, and the remedy sends the confirmation link again."""
    subscriptions = [SUBSCRIPTION, Subscription("email", "new@example.com", confirmed=False)]
    finding = fault(with_deployed(subscriptions=subscriptions))

    assert "new@example.com has not confirmed" in finding.text
    assert f"--topic-arn {TOPIC}" in finding.remedy


def test_no_subscription() -> None:
    """A topic without subscriptions is a warning."""
    assert "nobody is subscribed" in fault(with_deployed(subscriptions=[])).text
