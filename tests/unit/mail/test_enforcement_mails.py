"""The mails about enforcement: that it begins on a day, that it has begun, and that the user is closed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.enforcement.dates import Announcement
from domain.enforcement.enforcement_message import EnforcementMailKind, EnforcementMessage
from domain.mail.decision import (
    CurrentUser,
    Mail,
    MailKind,
    NoMail,
    NotYet,
    decide_enforcement_mail,
    decide_reminder_mail,
)
from domain.users import NOT_COVERED, AccountUser, PolicyCoverage
from tests.unit.mail.test_mails import ALICE, NOW, PASSKEY, PHONE, REMINDER, RULES

DAY = date(2027, 1, 15)
FREE = CurrentUser(AccountUser(ALICE, NOT_COVERED), ())
ENFORCED = CurrentUser(AccountUser(ALICE, PolicyCoverage(attached=True)), ())
ANNOUNCEMENT = EnforcementMessage(
    kind=EnforcementMailKind.ANNOUNCEMENT,
    cause="announcement#2026-11-24",
    user_name="alice",
    user_id=ALICE.user_id,
    day=DAY,
    at=NOW,
    since=None,
    account="111122223333",
)
BEGUN = replace(ANNOUNCEMENT, kind=EnforcementMailKind.ENFORCED, cause="enforced#2026-11-24")

TAGS = {"email": "alice@example.com", "manager-email": "lead@example.com", "mfa-closed": "2026-11-24T11:59:30Z"}
CLOSED = CurrentUser(AccountUser(replace(ALICE, tags=TAGS), PolicyCoverage(attached=True)), ())
CLOSING = replace(ANNOUNCEMENT, kind=EnforcementMailKind.CLOSED, cause="closed#2026-11-24")


def mail_of(message: EnforcementMessage, current: CurrentUser, now: datetime = NOW) -> Mail:
    mail = decide_enforcement_mail(message, current, RULES, now)
    assert isinstance(mail, Mail)
    return mail


def test_announcement() -> None:
    """An announcement names the day, and the user has known it since the mail, or since the first one."""
    first = mail_of(ANNOUNCEMENT, FREE)
    second = mail_of(replace(ANNOUNCEMENT, since=date(2026, 11, 1)), FREE)

    assert (first.kind, first.days_left, first.has_device) == (MailKind.ANNOUNCEMENT, 52, False)
    assert first.announcement == Announcement(DAY, date(2026, 11, 24))
    assert second.announcement == Announcement(DAY, date(2026, 11, 1))


def test_day_of_the_zone() -> None:
    """A user has known the day since the day of the mail in the zone of the reminders."""
    late = datetime(2026, 11, 24, 20, tzinfo=UTC)
    mail = decide_enforcement_mail(ANNOUNCEMENT, FREE, replace(RULES, zone=ZoneInfo("Asia/Tokyo")), late)

    assert isinstance(mail, Mail)
    assert mail.announcement == Announcement(DAY, date(2026, 11, 25))


@pytest.mark.parametrize("devices", [(PHONE,), (PASSKEY,)])
def test_device(devices: tuple[str, ...]) -> None:
    """A user with a device reads how to use it, with the device that shows codes."""
    mail = mail_of(BEGUN, replace(ENFORCED, devices=devices))

    assert (mail.kind, mail.has_device) == (MailKind.ENFORCED, True)
    assert mail.code_device == (PHONE if PHONE in devices else None)
    assert mail.announcement is None


@pytest.mark.parametrize(
    ("message", "current", "reason"),
    [
        (ANNOUNCEMENT, CurrentUser(None, ()), NoMail.GONE),
        (replace(ANNOUNCEMENT, user_id="AIDAEARLIER"), FREE, NoMail.GONE),
        (ANNOUNCEMENT, ENFORCED, NoMail.ENFORCED),
        (BEGUN, FREE, NotYet.POLICY),
        (replace(BEGUN, at=NOW - timedelta(minutes=6)), FREE, NoMail.NOT_ENFORCED),
        (CLOSING, ENFORCED, NotYet.TAG),
        (replace(CLOSING, at=NOW - timedelta(minutes=6)), ENFORCED, NoMail.NOT_CLOSED),
        (CLOSING, replace(CLOSED, devices=(PHONE,)), NoMail.ENROLLED),
    ],
)
def test_no_mail(message: EnforcementMessage, current: CurrentUser, reason: NoMail | NotYet) -> None:
    """A mail that is no longer true is not sent; one that IAM does not show yet is tried again."""
    assert decide_enforcement_mail(message, current, RULES, NOW) is reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [({}, NoMail.UNREACHABLE), ({"email": "alice@example.com", "mfa-exempt": "CI"}, NoMail.EXEMPT)],
)
def test_exempt_or_unreachable(tags: dict[str, str], reason: NoMail) -> None:
    """Neither an exempt user nor one without an address gets a mail."""
    current = CurrentUser(AccountUser(replace(ALICE, tags=tags), NOT_COVERED), ())

    assert decide_enforcement_mail(ANNOUNCEMENT, current, RULES, NOW) is reason


@pytest.mark.parametrize(("current", "announced"), [(FREE, Announcement(DAY, date(2026, 11, 24))), (ENFORCED, None)])
def test_countdown(current: CurrentUser, announced: Announcement | None) -> None:
    """A reminder counts down to the day, unless the user is enforced by now."""
    mail = decide_reminder_mail(replace(REMINDER, enforced_from=DAY), current, RULES, NOW)

    assert isinstance(mail, Mail)
    assert (mail.announcement, mail.enforced) == (announced, announced is None)
    assert mail.days_left == (52 if announced else None)


def test_closed() -> None:
    """A closed user is told so, and the manager too."""
    mail = mail_of(CLOSING, CLOSED)

    assert (mail.kind, mail.to, mail.cc) == (MailKind.CLOSED, "alice@example.com", "lead@example.com")
    assert mail_of(BEGUN, CLOSED).cc is None


@pytest.mark.parametrize(
    ("until", "named"),
    [(None, None), (date(2026, 11, 24), date(2026, 11, 24)), (date(2026, 11, 23), None)],
)
def test_last_day(until: date | None, named: date | None) -> None:
    """A reminder names the last day to enrol, unless it waited in the queue for longer than that."""
    mail = decide_reminder_mail(replace(REMINDER, window_until=until), ENFORCED, RULES, NOW)

    assert isinstance(mail, Mail)
    assert mail.window_until == named
