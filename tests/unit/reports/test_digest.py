"""The digest says what ops need to know, fits into one message, and no name breaks out of its line."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

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
from domain.notice import Notice, Severity
from domain.reminders.cadence import Cadence
from domain.reminders.plan import ReminderOutcome, plan_announcements, plan_reminders
from domain.users import AccountUser, PolicyCoverage, User
from reports.digest.digest import ReminderRun, digest_of
from reports.digest.links import Links

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CREATED = datetime(2026, 5, 2, 12, tzinfo=UTC)
RULES = EnrolmentRules(ExemptionRules("mfa-exempt", ("/service/",)), AddressRules("email", "", frozenset()))
LINKS = Links(
    "https://us-east-1.console.aws.amazon.com/s3/object/reports",
    "https://us-east-1.console.aws.amazon.com/cloudwatch/home",
)
SENDING = SendingState(verified=True, production=True, enabled=True, most_per_day=50_000, sent_today=10)


class Account:
    """People added one by one, and the run that finds them."""

    def __init__(self, rules: EnrolmentRules = RULES) -> None:
        self.rules = rules
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
        snapshot = build_snapshot(facts, self.rules, TODAY)
        return ReminderRun(
            account="111122223333",
            snapshot=snapshot,
            totals=totals_of(snapshot, 14, NOW),
            before=None,
            outcome=ReminderOutcome(
                tuple(plan_reminders(snapshot, Cadence((0, 1, 3, 7, 14), 14), Language.ENGLISH)),
                tuple(plan_announcements(snapshot, "111122223333", NOW)),
            ),
            sending=SENDING,
            report_made=NOW,
            escalate_after=14,
            dry_run=False,
        )

    def digest(self, links: Links = LINKS, **changes: Any) -> Notice:  # noqa: ANN401  (fields of the run)
        """The digest of the run, with other facts about it."""
        return digest_of(replace(self.run(), **changes), self.rules, links)


@pytest.fixture
def account() -> Account:
    return Account()


def test_all_is_well(account: Account) -> None:
    """If all is well, the digest is short and asks for nothing."""
    account.person("alice", mfa=True)

    notice = account.digest()

    assert (notice.kind, notice.severity) == ("digest", Severity.INFORMATION)
    assert notice.subject == "MFA in 111122223333: everybody is enrolled"
    assert notice.text == (
        "MFA in account 111122223333, 24 November 2026\n\n"
        "Everybody who needs MFA has it.\n"
        "     1  enrolled\n\n"
        f"Every user: {LINKS.report}\n"
        f"Dashboard:  {LINKS.dashboard}\n\n"
        "Made from the credential report of 2026-11-24 09:00 UTC and live reads of\nIAM. "
        "This run queued 0 reminders.\n"
    )


def test_unenrolled(account: Account) -> None:
    """Unenrolled users are listed with days and reminders, the longest first."""
    account.unenrolled("bob", days=3, reminders=2)
    account.unenrolled("carol", days=0)
    account.unenrolled("alice", days=20, reminders=5)

    notice = account.digest()

    assert notice.severity is Severity.INFORMATION
    assert notice.subject == "MFA in 111122223333: 3 not enrolled, 1 of them for 14 days or longer"
    lines = [line for line in notice.text.splitlines() if line.startswith("- ")]
    assert lines == [
        "- alice: 20 days, 5 reminders, last 2026-11-23",
        "- bob: 3 days, 2 reminders, last 2026-11-23, one goes out now",
        "- carol: since today, no reminder yet, one goes out now",
    ]


def test_unconfirmed_reminder(account: Account) -> None:
    """An unconfirmed reminder is reported."""
    account.unenrolled("bob", days=3, reminders=2)
    account.records["AIDAbob"] = replace(account.records["AIDAbob"], claimed_on=TODAY - timedelta(days=1))

    assert "- bob: 3 days, 2 reminders, one of them not confirmed" in account.digest().text


def test_key_only(account: Account) -> None:
    """Users with only an access key have a section that says what ops can do."""
    account.unenrolled("alice", days=20)
    account.unenrolled("robot", days=30)
    account.rows["robot"] = replace(account.rows["robot"], password=False, active_keys=1)

    notice = account.digest()

    assert notice.subject == "MFA in 111122223333: 2 not enrolled, 1 of them for 14 days or longer"
    assert notice.severity is Severity.WARNING
    _, _, section = notice.text.partition("ACCESS KEY ONLY: THEY CANNOT ENROL BY THEMSELVES (1)\n")
    assert "Give them a password, exempt" in section
    assert "- robot: 30 days\n" in section


def test_changes(account: Account) -> None:
    """The numbers show the change since the last run."""
    account.person("alice", mfa=True)
    account.person("carol", mfa=True)
    account.unenrolled("bob", days=3)
    before = RunTotals(
        NOW - timedelta(days=1), {EnrolmentStatus.ENROLLED: 1, EnrolmentStatus.UNENROLLED: 3, "escalated": 1}
    )

    text = account.digest(before=before).text

    assert "     2  enrolled (+1)\n     1  not enrolled (\N{MINUS SIGN}2)\n" in text
    assert "the change since 23 November, 09:00 UTC" in text


def test_order_of_exemptions(account: Account) -> None:
    """Exemptions are in the order of their ends, and an ended one is named beside its user."""
    account.person("robot", {"mfa-exempt": "nightly build"})
    account.person("late", {"mfa-exempt": "2027-01-31 OPS-4711"})
    account.person("soon", {"mfa-exempt": "2026-12-30"})
    account.person("over", {"mfa-exempt": "2026-11-01"})

    text = account.digest().text

    assert "- soon: until 2026-12-30\n- late: until 2027-01-31: OPS-4711\n- robot: nightly build; no end\n" in text
    assert "- over: no address, since today, exemption ended 2026-11-01\n" in text


def test_malformed_exemption(account: Account) -> None:
    """A malformed exemption is reported together with the right form."""
    account.person("guest", {"mfa-exempt": "2026-11-31"})

    text = account.digest().text

    assert "NOT EXEMPT: THE DATE IN THE TAG CANNOT BE READ (1)" in text
    assert "Write the last day first, as YYYY-MM-DD" in text
    assert "- guest: 2026-11-31\n" in text


def test_ended_exemption(account: Account) -> None:
    """An ended exemption is not reported if the user is exempt for another reason."""
    account.person("robot", {"mfa-exempt": "2026-11-01"})
    account.users[0] = replace(account.users[0], user=replace(account.users[0].user, path="/service/"))

    text = account.digest().text

    assert "exemption ended" not in text
    assert "- robot: path /service/; no end\n" in text


def test_no_address(account: Account) -> None:
    """Users without an address are listed with the command that tags one, and as not enforced if they are not."""
    account.person("sleeper", password=False)
    account.person("nowhere")
    account.users[1] = replace(account.users[1], coverage=PolicyCoverage())

    notice = account.digest()

    assert notice.severity is Severity.WARNING
    assert "NO MAIL ADDRESS (1)\n" in notice.text
    assert "- nowhere: no address, since today, NOT ENFORCED\n" in notice.text
    assert "\n\n  aws iam tag-user --user-name NAME --tags Key=email,Value=ADDRESS\n\n" in notice.text
    assert "sleeper" not in notice.text


def test_failed_address(account: Account) -> None:
    """Mail that did not arrive is reported."""
    account.unenrolled("bob", days=3, reminders=2)
    account.records["AIDAbob"] = replace(
        account.records["AIDAbob"], address_trouble="bounced\nBcc: x", address_trouble_of="bob@example.com"
    )

    assert "- bob <bob@example.com>: bounced Bcc: x\n" in account.digest().text


@pytest.mark.parametrize(
    ("sending", "sentence"),
    [
        (NoSending.UNREADABLE, "SES did not say"),
        (replace(SENDING, verified=False), "has not verified the sender"),
        (replace(SENDING, production=False), "sandbox"),
        (replace(SENDING, enabled=False), "paused sending"),
        (replace(SENDING, most_per_day=200, sent_today=200), "has sent its quota of 200 mails"),
    ],
)
def test_sending_problems(account: Account, sending: SendingState | NoSending, sentence: str) -> None:
    """A problem with sending is reported."""
    notice = account.digest(sending=sending)

    assert sentence in " ".join(notice.text.split())
    assert notice.severity is Severity.WARNING


def test_unlimited_quota(account: Account) -> None:
    """An unlimited quota is never used up."""
    unlimited = replace(SENDING, most_per_day=-1)

    assert account.digest(sending=unlimited).severity is Severity.INFORMATION


def test_no_sender(account: Account) -> None:
    """Without a sender, the digest says so, and reports nobody as unreachable: that is no warning."""
    account.person("nowhere")

    notice = account.digest(sending=NoSending.NO_SENDER)

    assert "SenderEmail is empty" in notice.text
    assert "NO MAIL ADDRESS" not in notice.text
    assert notice.severity is Severity.INFORMATION


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
    notice = account.digest(outcome=outcome)

    assert "- 3 " in notice.text
    assert notice.severity is severity


def test_no_credential_report(account: Account) -> None:
    """A missing credential report is reported."""
    notice = account.digest(report_made=None)

    assert "There was no credential report" in notice.text
    assert notice.severity is Severity.WARNING


def test_dry_run(account: Account) -> None:
    """A dry run says so."""
    account.unenrolled("bob", days=3)

    notice = account.digest(dry_run=True)

    text = " ".join(notice.text.split())
    assert notice.subject == "[dry run] MFA in 111122223333: 1 not enrolled"
    assert "one would go out now" in text
    assert "This run would have queued 1 reminder. This was a dry run" in text


def test_long_list(account: Account) -> None:
    """Twenty users are named, and the others are counted with a link to the report."""
    for number in range(250):
        account.unenrolled(f"user{number:03}", days=3)

    text = account.digest().text

    assert "WITHOUT MFA, THE LONGEST FIRST (250)" in text
    assert "- user019:" in text
    assert "user020" not in text
    assert f"… and 230 more: {LINKS.report}\n" in text


def crowd(account: Account, names: str) -> None:
    """Fill every section with 66 users, or more."""
    reason = "\N{PILE OF POO}" * 256
    for number in range(66):
        for kind in ("late", "other", "bounced", "key"):
            name = f"{kind}{number:02}{names}"
            account.unenrolled(name, days={"late": 30}.get(kind, 3), reminders=1000)
            if kind == "bounced":
                account.records[f"AIDA{name}"] = replace(
                    account.records[f"AIDA{name}"], address_trouble=reason, address_trouble_of=f"{name}@example.com"
                )
            if kind == "key":
                account.rows[name] = replace(account.rows[name], password=False, active_keys=1)
        account.person(f"unreachable{number:02}{names}")
        account.person(f"exempt{number:02}{names}", {"mfa-exempt": reason})
        account.person(f"dormant{number:02}{names}", password=False)


def test_one_screen(account: Account) -> None:
    """A digest about 330 unenrolled users of every kind has at most 60 lines, and names nobody twice."""
    crowd(account, "")

    notice = account.digest()

    assert notice.subject.startswith("MFA in 111122223333: 330 not enrolled")
    assert notice.text.count("… and ") == 5
    assert len(notice.text.splitlines()) + 2 <= 60
    names = [line.split()[1].rstrip(":") for line in notice.text.splitlines() if line.startswith("- ")]
    assert len(names) == len(set(names)) >= 15


def test_one_section(account: Account) -> None:
    """A user who concerns several sections is in the most urgent one only."""
    account.person("robot", {"mfa-exempt": "2026-11-31"}, password=False)
    account.rows["robot"] = replace(account.rows["robot"], active_keys=1)

    assert account.digest().text.count("- robot: ") == 1


def test_actions_first(account: Account) -> None:
    """What needs ops comes before the numbers, and the numbers before the users who only need time."""
    crowd(account, "")

    text = account.digest().text

    order = ["NEEDS YOUR ATTENTION", "ACCESS KEY ONLY", "NO MAIL ADDRESS", "MAIL DID NOT ARRIVE", "people who need MFA",
             "WITHOUT MFA", "EXEMPT", "Dashboard"]  # fmt: skip
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)


def test_size(account: Account) -> None:
    """The digest fits into one message with any names."""
    crowd(account, "x" * 50)

    notice = account.digest()

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

    text = account.digest().text

    assert not exempt or text.count("\n") == plain.digest().text.count("\n")
    assert all(character.isprintable() or character == "\n" for character in text)
