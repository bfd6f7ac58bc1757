"""The digest says what ops need to know, fits into one message, and no name breaks out of its line."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules
from domain.contact.languages import Language
from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import EnrolmentStatus, PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.enrolment.totals import RunTotals, totals_of
from domain.exemptions import ExemptionRules
from domain.mail.ses_status import NoSending, SendingState
from domain.notice import Severity
from domain.reminders.cadence import Cadence
from domain.reminders.plan import ReminderOutcome, plan_reminders
from domain.users import AccountUser, PolicyCoverage, User
from reports.digest.digest import ReminderRun, digest_of

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CREATED = datetime(2026, 5, 2, 12, tzinfo=UTC)
RULES = EnrolmentRules(ExemptionRules("mfa-exempt", ("/service/",)), AddressRules("email", "", frozenset()))
SENDING = SendingState(verified=True, production=True, enabled=True, most_per_day=50_000, sent_today=10)


class Account:
    """People added one by one, and the run that finds them."""

    def __init__(self) -> None:
        self.users: list[AccountUser] = []
        self.rows: dict[str, Credentials] = {}
        self.records: dict[str, PersonRecord] = {}

    def person(
        self, name: str, tags: Mapping[str, str] | None = None, *, mfa: bool = False, password: bool = True
    ) -> None:
        self.users.append(
            AccountUser(User(name, f"AIDA{name}", "/", tags or {}, CREATED), PolicyCoverage(attached=True))
        )
        self.rows[name] = Credentials(CREATED, password, 0, mfa, CREATED.date())

    def unenrolled(self, name: str, days: int, reminders: int = 0) -> None:
        self.person(name, {"email": f"{name}@example.com"})
        since = TODAY - timedelta(days=days)
        last = NOW - timedelta(days=1) if reminders else None
        causes = frozenset({f"reminder#{last.date()}"} if last else ())
        self.records[f"AIDA{name}"] = PersonRecord(f"AIDA{name}", name, since, since, reminders, last, causes=causes)

    def run(self) -> ReminderRun:
        facts = EnrolmentFacts(self.users, CredentialReport(NOW, self.rows), {}, self.records, last_run=TODAY)
        snapshot = build_snapshot(facts, RULES, TODAY)
        return ReminderRun(
            account="111122223333",
            snapshot=snapshot,
            totals=totals_of(snapshot, 14, NOW),
            before=None,
            outcome=ReminderOutcome(tuple(plan_reminders(snapshot, Cadence((0, 1, 3, 7, 14), 14), Language.ENGLISH))),
            sending=SENDING,
            report_made=NOW,
            escalate_after=14,
            dry_run=False,
        )


@pytest.fixture
def account() -> Account:
    return Account()


def test_all_is_well(account: Account) -> None:
    """If all is well, the digest is short and asks for nothing."""
    account.person("alice", mfa=True)

    notice = digest_of(account.run())

    assert (notice.kind, notice.severity) == ("digest", Severity.INFORMATION)
    assert notice.subject == "MFA in 111122223333: everybody is enrolled"
    assert notice.text == (
        "MFA in account 111122223333, 24 November 2026\n\n"
        "Everybody who needs MFA has it.\n\n"
        "     1  enrolled\n\n"
        "Made from the credential report of 2026-11-24 09:00 UTC and live reads of\nIAM. "
        "This run queued 0 reminders.\n"
    )


def test_unenrolled(account: Account) -> None:
    """Unenrolled users are listed with days and reminders, the longest first."""
    account.unenrolled("bob", days=3, reminders=2)
    account.unenrolled("carol", days=0)
    account.unenrolled("alice", days=20, reminders=5)

    notice = digest_of(account.run())

    assert notice.severity is Severity.WARNING
    assert notice.subject == "MFA in 111122223333: 3 not enrolled, 1 of them for 14 days or longer"
    lines = [line for line in notice.text.splitlines() if line.startswith("- ")]
    assert lines == [
        "- alice: 20 days (since 2026-11-04), 5 reminders, last 2026-11-23",
        "- bob: 3 days (since 2026-11-21), 2 reminders, last 2026-11-23, one goes out now",
        "- carol: since today, no reminder yet, one goes out now",
    ]


def test_unconfirmed_reminder(account: Account) -> None:
    """An unconfirmed reminder is reported."""
    account.unenrolled("bob", days=3, reminders=2)
    account.records["AIDAbob"] = replace(account.records["AIDAbob"], claimed_on=TODAY - timedelta(days=1))

    assert "- bob: 3 days (since 2026-11-21), 2 reminders, one of them not confirmed" in digest_of(account.run()).text


def test_key_only(account: Account) -> None:
    """Users with only an access key have a section that says what ops can do."""
    account.unenrolled("alice", days=20)
    account.unenrolled("robot", days=30)
    account.rows["robot"] = replace(account.rows["robot"], password=False, active_keys=1)

    notice = digest_of(account.run())

    assert notice.subject == "MFA in 111122223333: 2 not enrolled, 1 of them for 14 days or longer"
    longest, _, rest = notice.text.partition("ACCESS KEY ONLY: THEY CANNOT ENROL BY THEMSELVES (1)\n")
    assert "robot" not in longest
    assert "Give them a password, exempt" in rest
    assert "- robot: 30 days (since 2026-10-25)\n" in rest


def test_changes(account: Account) -> None:
    """The numbers show the change since the last run."""
    account.person("alice", mfa=True)
    account.person("carol", mfa=True)
    account.unenrolled("bob", days=3)
    before = RunTotals(
        NOW - timedelta(days=1), {EnrolmentStatus.ENROLLED: 1, EnrolmentStatus.UNENROLLED: 3, "escalated": 1}
    )

    text = digest_of(replace(account.run(), before=before)).text

    assert "     2  enrolled (+1)\n     1  not enrolled (\N{MINUS SIGN}2)\n" in text
    assert "the change since 23 November, 09:00 UTC" in text


def test_order_of_exemptions(account: Account) -> None:
    """Exemptions are in the order of their ends."""
    account.person("robot", {"mfa-exempt": "nightly build"})
    account.person("late", {"mfa-exempt": "2027-01-31 OPS-4711"})
    account.person("soon", {"mfa-exempt": "2026-11-30"})
    account.person("over", {"mfa-exempt": "2026-11-01"})

    text = digest_of(account.run()).text

    assert "- soon: until 2026-11-30\n- late: until 2027-01-31: OPS-4711\n- robot: nightly build; no end\n" in text
    assert "EXEMPTION ENDED (1)\n-------------------\n- over: after 2026-11-01\n" in text


def test_malformed_exemption(account: Account) -> None:
    """A malformed exemption is reported together with the right form."""
    account.person("guest", {"mfa-exempt": "2026-11-31"})

    text = digest_of(account.run()).text

    assert "NOT EXEMPT: THE DATE IN THE TAG CANNOT BE READ (1)" in text
    assert "Write the last day first, as YYYY-MM-DD" in text
    assert "- guest: 2026-11-31\n" in text


def test_ended_exemption(account: Account) -> None:
    """An ended exemption is not reported if the user is exempt for another reason."""
    account.person("robot", {"mfa-exempt": "2026-11-01"})
    account.users[0] = replace(account.users[0], user=replace(account.users[0].user, path="/service/"))

    text = digest_of(account.run()).text

    assert "EXEMPTION ENDED" not in text
    assert "- robot: path /service/; no end\n" in text


def test_other_sections(account: Account) -> None:
    """Dormant, unreachable and unenforced users are named."""
    account.person("sleeper", password=False)
    account.person("nowhere")
    account.users[1] = replace(account.users[1], coverage=PolicyCoverage())

    text = digest_of(account.run()).text

    assert "NO MAIL ADDRESS (1)\n-------------------\n- nowhere: no address" in text
    assert "- sleeper\n" in text
    assert "nowhere: since today, no reminder yet, NOT ENFORCED" in text


def test_failed_address(account: Account) -> None:
    """Mail that did not arrive is reported."""
    account.unenrolled("bob", days=3, reminders=2)
    account.records["AIDAbob"] = replace(
        account.records["AIDAbob"], address_trouble="bounced\nBcc: x", address_trouble_of="bob@example.com"
    )

    assert "- bob <bob@example.com>: bounced Bcc: x\n" in digest_of(account.run()).text


@pytest.mark.parametrize(
    ("sending", "sentence"),
    [
        (NoSending.NO_SENDER, "SenderEmail is empty"),
        (NoSending.UNREADABLE, "SES did not say"),
        (replace(SENDING, verified=False), "has not verified the sender"),
        (replace(SENDING, production=False), "sandbox"),
        (replace(SENDING, enabled=False), "paused sending"),
        (replace(SENDING, most_per_day=200, sent_today=200), "has sent its quota of 200 mails"),
    ],
)
def test_sending_problems(account: Account, sending: SendingState | NoSending, sentence: str) -> None:
    """A problem with sending is reported."""
    notice = digest_of(replace(account.run(), sending=sending))

    assert sentence in " ".join(notice.text.split())
    assert notice.severity is Severity.WARNING


def test_unlimited_quota(account: Account) -> None:
    """An unlimited quota is never used up."""
    unlimited = replace(SENDING, most_per_day=-1)

    assert digest_of(replace(account.run(), sending=unlimited)).severity is Severity.INFORMATION


def test_no_sender(account: Account) -> None:
    """Without a sender nobody is reported as unreachable."""
    account.person("nowhere")

    assert "NO MAIL ADDRESS" not in digest_of(replace(account.run(), sending=NoSending.NO_SENDER)).text


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [
        (ReminderOutcome(refused=3), Severity.ALARM),
        (ReminderOutcome(unchecked=3), Severity.ALARM),
        (ReminderOutcome(postponed=3), Severity.WARNING),
        (ReminderOutcome(over_quota=3), Severity.WARNING),
    ],
)
def test_incomplete_run(account: Account, outcome: ReminderOutcome, severity: Severity) -> None:
    """Remaining work is reported, and a failure is an alarm."""
    notice = digest_of(replace(account.run(), outcome=outcome))

    assert "- 3 " in notice.text
    assert notice.severity is severity


def test_no_credential_report(account: Account) -> None:
    """A missing credential report is reported."""
    notice = digest_of(replace(account.run(), report_made=None))

    assert "There was no credential report" in notice.text
    assert notice.severity is Severity.WARNING


def test_dry_run(account: Account) -> None:
    """A dry run says so."""
    account.unenrolled("bob", days=3)

    notice = digest_of(replace(account.run(), dry_run=True))

    text = " ".join(notice.text.split())
    assert notice.subject == "[dry run] MFA in 111122223333: 1 not enrolled"
    assert "one would go out now" in text
    assert "This run would have queued 1 reminder. This was a dry run" in text


def test_long_list(account: Account) -> None:
    """The first hundred users are named, and the others counted."""
    for number in range(250):
        account.unenrolled(f"user{number:03}", days=3)

    text = digest_of(account.run()).text

    assert "NOT ENROLLED (250)" in text
    assert "- user099:" in text
    assert "user100" not in text
    assert "… and 150 more" in text


def test_size(account: Account) -> None:
    """The digest fits into one message with any names."""
    long = "\N{PILE OF POO}" * 256
    for number in range(120):
        for days, kind in ((30, "late"), (3, "other")):
            name = f"{kind}{number:04}".ljust(64, "x")
            account.unenrolled(name, days=days, reminders=1000)
            account.records[f"AIDA{name}"] = replace(
                account.records[f"AIDA{name}"], address_trouble=long, address_trouble_of=f"{name}@example.com"
            )
        account.person(f"unreachable{number:04}".ljust(64, "x"))
        account.person(f"exempt{number:04}".ljust(64, "x"), {"mfa-exempt": long})
        account.person(f"ended{number:04}".ljust(64, "x"), {"mfa-exempt": "2026-01-01"})
        account.person(f"dormant{number:04}".ljust(64, "x"), password=False)

    notice = digest_of(account.run())

    assert notice.text.count("… and ") == 7
    assert len(notice.text.encode()) < 256 * 1024
    assert len(notice.subject) < 100
    assert notice.subject.isascii()


@given(st.text(min_size=1))
def test_hostile_reason(reason: str) -> None:
    """No reason adds a line or changes the direction of the text."""
    account, plain = Account(), Account()
    account.person("robot", {"mfa-exempt": reason})
    plain.person("robot", {"mfa-exempt": "robot"})
    exempt = RULES.exemptions.exemption_of(account.users[0].user, TODAY) is not None

    text = digest_of(account.run()).text

    assert not exempt or text.count("\n") == digest_of(plain.run()).text.count("\n")
    assert all(character.isprintable() or character == "\n" for character in text)
