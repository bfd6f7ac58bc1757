"""Which mail follows from which facts, in any order of arrival."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Account
from domain.contact.addresses import AddressRules
from domain.contact.languages import Language
from domain.exemptions import ExemptionRules
from domain.mail.decision import (
    AccountEvent,
    CurrentUser,
    Mail,
    MailKind,
    MailRules,
    NoMail,
    NotYet,
    Step,
    decide_account_event_mail,
    decide_reminder_mail,
)
from domain.mail.delivery_failures import AddressFailure, DeliveryReport, NoFailure, address_failure_of
from domain.reminders.message import ReminderKind, ReminderMessage
from domain.users import AccountUser, PolicyCoverage, User

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=31)
PHONE = "arn:aws:iam::111122223333:mfa/alice-phone"
TABLET = "arn:aws:iam::111122223333:mfa/alice-tablet"
PASSKEY = "arn:aws:iam::111122223333:u2f/user/alice/key-EXAMPLE"
TOKEN = "GAHT12345678"
ALICE = User("alice", "AIDAEXAMPLEALICE", "/", {"email": "alice@example.com"}, datetime(2026, 11, 1, tzinfo=UTC))
RULES = MailRules(
    exemptions=ExemptionRules("mfa-exempt", ("/service/",)),
    addresses=AddressRules("email", "", frozenset({"example.com"})),
    default_language=Language.ENGLISH,
)
REMINDER = ReminderMessage(
    kind=ReminderKind.REMINDER,
    cause="reminder#2026-11-24",
    user_name="alice",
    user_id="AIDAEXAMPLEALICE",
    to="alice@example.com",
    cc=None,
    language=Language.JAPANESE,
    unenrolled_since=date(2026, 11, 21),
    number=3,
    days=3,
)


def account_event(kind: MailKind, *, at: datetime = LONG_AGO, device: str | None = PHONE) -> AccountEvent:
    return AccountEvent(kind, f"{kind}#1", "alice", at, None if kind is MailKind.WELCOME else device)


WELCOME, ENROLLED, REMOVED = (
    account_event(kind) for kind in (MailKind.WELCOME, MailKind.ENROLLED, MailKind.DEVICE_REMOVED)
)


ATTACHED = PolicyCoverage(attached=True)


def current_user(user: User | None, *devices: str, coverage: PolicyCoverage = ATTACHED) -> CurrentUser:
    return CurrentUser(AccountUser(user, coverage) if user else None, devices)


def decide(event: AccountEvent, *devices: str, user: User | None = ALICE) -> Mail | NoMail | NotYet:
    return decide_account_event_mail(event, current_user(user, *devices), RULES, NOW)


def decide_reminder(user: User | None, *devices: str, message: ReminderMessage = REMINDER) -> Mail | NoMail:
    return decide_reminder_mail(message, current_user(user, *devices), RULES, NOW)


@pytest.mark.parametrize(
    ("event", "devices", "outcome"),
    [
        (WELCOME, (), MailKind.WELCOME),
        (WELCOME, (PHONE,), NoMail.ENROLLED),
        (ENROLLED, (PHONE,), MailKind.ENROLLED),
        (ENROLLED, (PHONE, TABLET), MailKind.ENROLLED),
        (ENROLLED, (TABLET,), NoMail.DEVICE_GONE),
        (ENROLLED, (), NoMail.DEVICE_GONE),
        (REMOVED, (), MailKind.DEVICE_REMOVED),
        (REMOVED, (TABLET,), NoMail.ENROLLED),
        (REMOVED, (PHONE,), NoMail.ENROLLED),
    ],
)
def test_account_event(event: AccountEvent, devices: tuple[str, ...], outcome: MailKind | NoMail) -> None:
    """An account event leads to a mail if it still applies."""
    decision = decide(event, *devices)

    assert (decision.kind if isinstance(decision, Mail) else decision) == outcome


@pytest.mark.parametrize(
    ("event", "devices", "user", "outcome"),
    [
        (WELCOME, (), None, NotYet.USER),
        (ENROLLED, (), ALICE, NotYet.DEVICE),
        (ENROLLED, (TABLET,), ALICE, NotYet.DEVICE),
        (REMOVED, (PHONE,), ALICE, NotYet.DEVICE),
        (REMOVED, (TABLET,), ALICE, NoMail.ENROLLED),
    ],
)
def test_waits_for_iam(
    event: AccountEvent, devices: tuple[str, ...], user: User | None, outcome: NoMail | NotYet
) -> None:
    """A mail waits for a change that IAM may not show yet."""
    assert decide(replace(event, at=NOW - timedelta(minutes=4)), *devices, user=user) == outcome


@pytest.mark.parametrize("event", [WELCOME, ENROLLED, REMOVED])
@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (None, NoMail.GONE),
        (replace(ALICE, path="/service/"), NoMail.EXEMPT),
        (replace(ALICE, tags={**ALICE.tags, "mfa-exempt": "2026-11-24"}), NoMail.EXEMPT),
        (replace(ALICE, tags={}), NoMail.UNREACHABLE),
        (replace(ALICE, tags={"email": "alice@elsewhere.example"}), NoMail.UNREACHABLE),
    ],
)
def test_no_mail(event: AccountEvent, user: User | None, reason: NoMail) -> None:
    """A user who is gone, exempt or unreachable gets no mail."""
    devices = (PHONE,) if event is ENROLLED else ()

    assert decide(event, *devices, user=user) == reason


@pytest.mark.parametrize("event", [WELCOME, ENROLLED, REMOVED])
@pytest.mark.parametrize(("later", "sent"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_later_user(event: AccountEvent, later: timedelta, sent: bool) -> None:
    """An event before a user's creation was about another user."""
    decision = decide(event, *[PHONE] * (event is ENROLLED), user=replace(ALICE, created=event.at + later))

    assert isinstance(decision, Mail) if sent else decision is NoMail.SUCCEEDED


@pytest.mark.parametrize(
    ("event", "minutes", "outcome"),
    [
        (WELCOME, 29, NotYet.ADDRESS),
        (WELCOME, 30, NoMail.UNREACHABLE),
        (ENROLLED, 29, NoMail.UNREACHABLE),
        (REMOVED, 29, NoMail.UNREACHABLE),
    ],
)
@pytest.mark.parametrize("tags", [{}, {"email": "alice"}, {"email": "alice@elsewhere.example"}])
def test_no_address_yet(event: AccountEvent, minutes: int, outcome: NoMail | NotYet, tags: dict[str, str]) -> None:
    """A welcome waits half an hour for a valid address; other mails do not wait."""
    event = replace(event, at=NOW - timedelta(minutes=minutes))

    assert decide(event, *[PHONE] * (event.kind is MailKind.ENROLLED), user=replace(ALICE, tags=tags)) is outcome


@pytest.mark.parametrize(
    ("kind", "minutes", "devices", "outcome"),
    [
        (MailKind.ENROLLED, 4, (), NotYet.DEVICE),
        (MailKind.ENROLLED, 6, (), NoMail.DEVICE_GONE),
        (MailKind.ENROLLED, 4, (PASSKEY,), MailKind.ENROLLED),
        (MailKind.DEVICE_REMOVED, 4, (PASSKEY,), NotYet.DEVICE),
        (MailKind.DEVICE_REMOVED, 6, (PASSKEY,), NoMail.ENROLLED),
        (MailKind.DEVICE_REMOVED, 4, (), MailKind.DEVICE_REMOVED),
    ],
)
def test_unnamed_device(
    kind: MailKind, minutes: int, devices: tuple[str, ...], outcome: MailKind | NoMail | NotYet
) -> None:
    """If the call named no device, any of the user's devices may be the one."""
    decision = decide(account_event(kind, at=NOW - timedelta(minutes=minutes), device=None), *devices)

    assert (decision.kind if isinstance(decision, Mail) else decision) == outcome


def test_ended_exemption() -> None:
    """An ended exemption does not stop a mail."""
    user = replace(ALICE, tags={**ALICE.tags, "mfa-exempt": "2026-11-23"})

    assert isinstance(decide(WELCOME, user=user), Mail)


def test_address_and_language() -> None:
    """The mail goes to the address in the tag, in the language of the tag."""
    user = replace(
        ALICE, path="/engineering/", tags={**ALICE.tags, "language": "ja", "manager-email": "lead@example.com"}
    )

    assert decide(ENROLLED, PHONE, user=user) == Mail(
        kind=MailKind.ENROLLED,
        cause="enrolled#1",
        user_id="AIDAEXAMPLEALICE",
        user_name="alice",
        to="alice@example.com",
        cc=None,
        language=Language.JAPANESE,
        enforced=True,
        path="/engineering/",
        serial_number=PHONE,
        code_device=PHONE,
    )


@pytest.mark.parametrize(
    ("registered", "devices", "code_device"),
    [
        (PHONE, (TABLET, PHONE), PHONE),
        (TOKEN, (TOKEN,), TOKEN),
        (PASSKEY, (PASSKEY,), None),
        (PASSKEY, (PASSKEY, TABLET), TABLET),
        (PASSKEY, (TOKEN, PASSKEY), TOKEN),
    ],
)
def test_code_device(registered: str, devices: tuple[str, ...], code_device: str | None) -> None:
    """The commands use a device that shows codes."""
    decision = decide(account_event(MailKind.ENROLLED, device=registered), *devices)

    assert isinstance(decision, Mail)
    assert (decision.serial_number, decision.code_device) == (registered, code_device)


@pytest.mark.parametrize(
    ("user", "devices", "reason"),
    [
        (None, (), NoMail.GONE),
        (replace(ALICE, user_id="AIDAEXAMPLEANEW"), (), NoMail.GONE),
        (ALICE, (PHONE,), NoMail.ENROLLED),
        (ALICE, (PASSKEY, TOKEN), NoMail.ENROLLED),
        (replace(ALICE, path="/service/"), (), NoMail.EXEMPT),
        (replace(ALICE, tags={**ALICE.tags, "mfa-exempt": "robot"}), (), NoMail.EXEMPT),
        (replace(ALICE, tags={}), (), NoMail.UNREACHABLE),
        (replace(ALICE, tags={"email": "alice@elsewhere.example"}), (), NoMail.UNREACHABLE),
        (replace(ALICE, tags={"email": "other@example.com"}), (), NoMail.READDRESSED),
    ],
)
def test_outdated_reminder(user: User | None, devices: tuple[str, ...], reason: NoMail) -> None:
    """A reminder that no longer applies is not sent."""
    assert decide_reminder(user, *devices) == reason


def test_changed_manager() -> None:
    """An escalation whose manager has changed is planned again."""
    lead, other = (
        replace(ALICE, tags={**ALICE.tags, "manager-email": who}) for who in ("lead@example.com", "other@example.com")
    )
    escalation = replace(REMINDER, kind=ReminderKind.ESCALATION, cc="lead@example.com")

    assert isinstance(decide_reminder(lead, message=escalation), Mail)
    assert decide_reminder(other, message=escalation) is NoMail.READDRESSED


def test_event_of_earlier_user() -> None:
    """A user who was created after the call is another user."""
    later = replace(ALICE, created=WELCOME.at + timedelta(seconds=1))

    assert decide(WELCOME, user=later) is NoMail.SUCCEEDED


def test_passkey_without_serial_number() -> None:
    """IAM names passkeys itself, so the request of a registration may have no serial number."""
    unnamed = AccountEvent(MailKind.ENROLLED, "enrolled#2026-11-24#id", "alice", NOW)

    assert isinstance(decide(unnamed, PASSKEY), Mail)
    assert isinstance(decide(unnamed), NotYet)


@pytest.mark.parametrize(
    ("coverage", "age", "enforced"),
    [
        (PolicyCoverage(attached=True), timedelta(days=900), True),
        (PolicyCoverage(in_group=True), timedelta(days=900), True),
        (PolicyCoverage(), timedelta(days=900), False),
        (PolicyCoverage(), timedelta(minutes=1), True),
    ],
)
def test_enforced(coverage: PolicyCoverage, age: timedelta, enforced: bool) -> None:
    """A mail says whether the user is enforced; new users count as enforced at once."""
    current, welcome = current_user(replace(ALICE, created=NOW - age), coverage=coverage), replace(WELCOME, at=NOW)

    for mail in (
        decide_reminder_mail(REMINDER, current, RULES, NOW),
        decide_account_event_mail(welcome, current, RULES, NOW),
    ):
        assert isinstance(mail, Mail)
        assert mail.enforced is enforced


def test_planned_reminder() -> None:
    """A reminder is sent as it was planned."""
    assert decide_reminder(ALICE) == Mail(
        kind=MailKind.REMINDER,
        cause="reminder#2026-11-24",
        user_id="AIDAEXAMPLEALICE",
        user_name="alice",
        to="alice@example.com",
        cc=None,
        language=Language.JAPANESE,
        enforced=True,
        step=Step(number=3, days=3, unenrolled_since=date(2026, 11, 21)),
    )


serials = st.sampled_from([PHONE, TABLET, PASSKEY, TOKEN])


@given(
    kind=st.sampled_from([MailKind.WELCOME, MailKind.ENROLLED, MailKind.DEVICE_REMOVED]),
    device=serials,
    devices=st.lists(serials, unique=True),
    age=st.timedeltas(timedelta(0), timedelta(days=14)),
)
def test_devices_contradict_mail(kind: MailKind, device: str, devices: list[str], age: timedelta) -> None:
    """Users with a device are not asked to register one; users without one get no confirmation."""
    decision = decide(account_event(kind, at=NOW - age, device=device), *devices)

    if isinstance(decision, Mail):
        assert (decision.kind is MailKind.ENROLLED) == bool(devices)


@pytest.mark.parametrize(
    ("account", "sign_in", "credentials"),
    [
        (
            Account("aws", "111122223333"),
            "https://111122223333.signin.aws.amazon.com/console",
            "https://us-east-1.console.aws.amazon.com/iam/home#/security_credentials",
        ),
        (
            Account("aws", "111122223333", "example-corp"),
            "https://example-corp.signin.aws.amazon.com/console",
            "https://us-east-1.console.aws.amazon.com/iam/home#/security_credentials",
        ),
        (
            Account("aws-us-gov", "111122223333", "example-gov"),
            "https://example-gov.signin.amazonaws-us-gov.com/console",
            "https://console.amazonaws-us-gov.com/iam/home#/security_credentials",
        ),
    ],
)
def test_console_addresses(account: Account, sign_in: str, credentials: str) -> None:
    """The console addresses are those of the account and its partition."""
    assert (account.sign_in_url, account.security_credentials_url) == (sign_in, credentials)


def test_address_failure() -> None:
    """Only a failure of the person's own address is recorded."""
    bounced = DeliveryReport("AIDAEXAMPLEALICE", ["alice@example.com"], {"Alice@Example.com": "bounced:\r\n550"})
    written = DeliveryReport("AIDAEXAMPLEALICE", ["Alice@Example.com"], {"alice@example.com": "bounced"})
    managers = DeliveryReport("AIDAEXAMPLEALICE", ["alice@example.com"], {"lead@example.com": "bounced"})
    others = DeliveryReport(None, ["alice@example.com"], {"alice@example.com": "bounced"})

    assert address_failure_of(bounced) == AddressFailure("AIDAEXAMPLEALICE", "alice@example.com", "bounced: 550")
    assert address_failure_of(written) == AddressFailure("AIDAEXAMPLEALICE", "Alice@Example.com", "bounced")
    assert address_failure_of(managers) is NoFailure.MANAGER
    assert address_failure_of(others) is NoFailure.NOT_OURS
