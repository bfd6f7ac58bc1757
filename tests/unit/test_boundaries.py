"""Boundary cases: the day of escalation, the case of an address, a reused name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.totals import escalated
from domain.mail.delivery_failures import AddressFailure, DeliveryReport, address_failure_of
from domain.users import AccountUser, PolicyCoverage, User
from tests.unit.reminders.test_reminder_plan import snapshot

CREATED = datetime(2026, 11, 1, 9, tzinfo=UTC)
ALICE = User("alice", "AIDAALICE", "/", {}, CREATED)


def test_day_of_escalation() -> None:
    """The digest lists a user as escalated from the day on which the escalation is sent."""
    late = escalated(snapshot({"alice": 14, "bob": 13}, {}), 14)

    assert [person.user.name for person in late] == ["alice"]


def test_own_address_in_any_case() -> None:
    """A mail server may answer for an address in another case than that of the mail."""
    bounced = DeliveryReport("AIDAALICE", ["Alice@Example.com"], {"alice@example.com": "bounced"})

    assert address_failure_of(bounced) == AddressFailure("AIDAALICE", "Alice@Example.com", "bounced")


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (1, True), (2, False), (3600, False)])
def test_row_of_earlier_user(seconds: int, same: bool) -> None:
    """A user who was created again the same day does not inherit the devices of the earlier one."""
    row = Credentials(CREATED - timedelta(seconds=seconds), password=True, active_keys=0, mfa=True, able_since=None)
    report = CredentialReport(CREATED, {"alice": row})
    facts = EnrolmentFacts([AccountUser(ALICE, PolicyCoverage())], report, {}, {}, None)

    assert (facts.credentials_of(replace(ALICE)) is not None) == same
