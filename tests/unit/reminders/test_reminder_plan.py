"""Which user gets which mail today."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.contact.addresses import AddressRules
from domain.contact.languages import Language
from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, EnrolmentSnapshot, build_snapshot
from domain.exemptions import ExemptionRules
from domain.reminders.cadence import Cadence
from domain.reminders.message import ReminderMessage
from domain.reminders.plan import plan_reminders, within_quota
from domain.users import AccountUser, PolicyCoverage, User

TODAY = date(2026, 11, 24)
CREATED = datetime(2026, 5, 2, 12, tzinfo=UTC)
CADENCE = Cadence((0, 1, 3, 7, 14), 14)
RULES = EnrolmentRules(ExemptionRules("", ()), AddressRules("email", "example.com", frozenset()))


def snapshot(days_without: dict[str, int], tags: dict[str, str]) -> EnrolmentSnapshot:
    users = [User(name, f"AIDA{name}", "/", tags, CREATED) for name in days_without]
    row = Credentials(CREATED, True, 0, mfa=False, able_since=None)
    since = {name: TODAY - timedelta(days=days) for name, days in days_without.items()}
    facts = EnrolmentFacts(
        users=[AccountUser(user, PolicyCoverage()) for user in users],
        report=CredentialReport(CREATED, dict.fromkeys(days_without, row)),
        devices={},
        records={
            f"AIDA{name}": PersonRecord(
                f"AIDA{name}", name, first_seen=day, unenrolled_since=day, last_reminded=CREATED - timedelta(days=1)
            )
            for name, day in since.items()
        },
        last_run=TODAY,
    )
    return build_snapshot(facts, RULES, TODAY)


def plan(days_without: dict[str, int], **tags: str) -> list[ReminderMessage]:
    named = {key.replace("_", "-"): value for key, value in tags.items()}
    return plan_reminders(snapshot(days_without, named), CADENCE, Language.ENGLISH)


def test_order() -> None:
    """The users without MFA for the longest time come first."""
    assert [message.user_name for message in plan({"alice": 1, "bob": 30, "carol": 7})] == ["bob", "carol", "alice"]


def test_key_only() -> None:
    """A user with only an access key gets no reminder."""
    mixed = snapshot({"alice": 7, "robot": 7}, {})
    robot = next(person for person in mixed.people if person.user.name == "robot")
    key_only = replace(robot, record=replace(robot.record, key_only=True))
    people = tuple(key_only if person is robot else person for person in mixed.people)

    planned = plan_reminders(replace(mixed, people=people), CADENCE, Language.ENGLISH)

    assert [message.user_name for message in planned] == ["alice"]


@pytest.mark.parametrize(("days", "expected"), [(7, None), (14, "lead@example.com"), (21, "lead@example.com")])
def test_manager(days: int, expected: str | None) -> None:
    """Only an escalation goes to the manager."""
    (message,) = plan({"alice": days}, manager_email="lead@example.com")

    assert message.cc == expected


@pytest.mark.parametrize(("room", "reminded"), [(None, 3), (9, 3), (4, 2), (3, 1), (1, 0), (0, 0)])
def test_manager_counts_for_quota(room: int | None, reminded: int) -> None:
    """A manager counts as a recipient."""
    planned = plan(dict.fromkeys(("alice", "bob", "carol"), 14), manager_email="lead@example.com")

    assert len(within_quota(planned, room)) == reminded


def test_small_quota() -> None:
    """A small quota goes to the users with the fewest reminders, in the same order."""
    planned = plan({"alice": 1, "bob": 30, "carol": 7})
    reminded = [replace(message, number=2 if message.user_name == "bob" else 1) for message in planned]

    assert [message.user_name for message in within_quota(reminded, 2)] == ["carol", "alice"]
    assert [message.user_name for message in within_quota(reminded, 3)] == ["bob", "carol", "alice"]
