"""The digest lists existing users with a day from which they are enforced, and what stops on that day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.contact.addresses import AddressRules
from domain.enforcement.dates import Announcement, DateRules, UnreachableUsers
from domain.enrolment.credentials import Credentials, KeyUse, LastUse
from domain.enrolment.record import PersonRecord
from domain.enrolment.snapshot import EnrolmentRules
from domain.exemptions import ExemptionRules
from domain.mail.ses_status import NoSending
from domain.notice import Severity
from domain.reminders.plan import ReminderOutcome
from domain.users import PolicyCoverage
from tests.unit.reports.test_digest import CREATED, TODAY, Account

DAY = date(2027, 1, 15)
DATES = DateRules(DAY, "mfa-from", notice=timedelta(days=14))
PROGRAM = LastUse(None, (KeyUse(TODAY - timedelta(days=1), "s3"),))
SIGNED_IN = LastUse(TODAY - timedelta(days=3))


class DatedAccount(Account):
    """Existing users who are enforced from a day."""

    def __init__(self, dates: DateRules = DATES) -> None:
        addresses = AddressRules("email", "", frozenset({"example.com"}))
        super().__init__(EnrolmentRules(ExemptionRules("mfa-exempt", ()), addresses, dates))

    def existing(
        self,
        name: str,
        last_use: LastUse = SIGNED_IN,
        *,
        tags: Mapping[str, str] | None = None,
        mfa: bool = False,
        told: Announcement | None = None,
    ) -> str:
        """Add a user who is not enforced, with the password and the keys that were used; return the id."""
        self.person(name, {"email": f"{name}@example.com"} if tags is None else tags, mfa=mfa)
        self.users[-1] = replace(self.users[-1], coverage=PolicyCoverage())
        password = last_use.signed_in is not None
        self.rows[name] = Credentials(CREATED, password, len(last_use.keys), mfa, CREATED.date(), last_use)
        user_id = f"AIDA{name}"
        self.records[user_id] = PersonRecord(user_id, name, announcement=told)
        return user_id


@pytest.fixture
def account() -> DatedAccount:
    return DatedAccount()


def test_day(account: DatedAccount) -> None:
    """Users with a day are listed with it, the day on which they were told, and their last use."""
    account.existing("alice", told=Announcement(DAY, date(2026, 11, 10)))
    account.existing("robot", PROGRAM, tags={"email": "team@example.com", "mfa-from": "2026-12-24 wave 1"})

    notice = account.digest()

    section = notice.text.partition("ENFORCED FROM A DAY (2)\n")[2].partition("\n\n")[0]
    assert section.splitlines()[1:] == [
        "- robot: 2026-12-24, told today",
        "    key used yesterday for s3, no password: probably a program",
        "- alice: 2027-01-15, told 2026-11-10",
        "    signed in 3 days ago",
    ]
    assert notice.severity is Severity.WARNING
    assert "- 1 user with a day is probably a program," in " ".join(notice.text.split())
    assert notice.text.count("- robot:") == notice.text.count("- alice:") == 1


def test_people_with_a_day(account: DatedAccount) -> None:
    """If no program has a day, ops need to do nothing."""
    account.existing("alice")

    assert account.digest().severity is Severity.INFORMATION


def test_programs_first(account: DatedAccount) -> None:
    """On each day, users that are probably programs come first."""
    account.existing("alice")
    account.existing("robot", PROGRAM)

    text = account.digest().text

    assert text.index("- robot:") < text.index("- alice:")


@pytest.mark.parametrize(
    ("told", "dry_run", "words"),
    [
        (None, False, "told today"),
        (None, True, "would be told today"),
        (Announcement(date(2027, 1, 10), date(2026, 11, 1)), False, "told 2026-11-01 of 2027-01-10, told today"),
    ],
)
def test_told(account: DatedAccount, told: Announcement | None, dry_run: bool, words: str) -> None:
    """A mail of today counts, as of today in a dry run; a new day is told again."""
    account.existing("alice", told=told)

    assert f"- alice: 2027-01-15, {words}\n" in account.digest(dry_run=dry_run).text


def test_not_told(account: DatedAccount) -> None:
    """A user whose mail waits for the next run is not told yet."""
    account.existing("alice")

    assert "- alice: 2027-01-15, not told of this day yet\n" in account.digest(outcome=ReminderOutcome()).text


def test_unaffected(account: DatedAccount) -> None:
    """Users with MFA are listed only if they have an access key; the others are counted, and dormant ones are not."""
    account.existing("alice", mfa=True)
    account.existing("robot", replace(PROGRAM, signed_in=TODAY), mfa=True)
    account.existing("sleeper", LastUse(None))

    text = account.digest().text

    assert "- robot: 2027-01-15, told today\n    has MFA, signed in today, key used yesterday for s3\n" in text
    assert "1 other user has MFA and no access key." in text
    assert "alice" not in text
    assert "sleeper" not in text


@pytest.mark.parametrize("unreachable", UnreachableUsers)
def test_untold(unreachable: UnreachableUsers) -> None:
    """Users that no mail can tell are listed with the chosen day, the obstacle, and what ops can do."""
    account = DatedAccount(replace(DATES, day=TODAY, unreachable=unreachable))
    account.existing("nowhere", PROGRAM, tags={})
    user_id = account.existing("bounced")
    account.records[user_id] = replace(
        account.records[user_id], address_trouble="bounced", address_trouble_of="bounced@example.com"
    )

    notice = account.digest()

    heading, _, section = notice.text.partition("CANNOT BE TOLD BEFORE THEIR DAY (2)\n")
    assert "NEEDS YOUR ATTENTION" in heading
    assert notice.severity is Severity.WARNING
    assert f"- nowhere: {TODAY}, no address\n    key used yesterday for s3, no password: probably a program" in section
    assert f"- bounced: {TODAY}, mail came back\n    signed in 3 days ago\n" in section
    assert "\n\n  aws iam tag-user --user-name NAME --tags Key=email,Value=ADDRESS\n\n" in section
    assert "UnreachableUsers=enforce" in section
    assert ("without notice" in section) == (unreachable is UnreachableUsers.ENFORCE)
    assert "ENFORCED FROM A DAY" not in notice.text
    assert "NO MAIL ADDRESS" not in notice.text
    assert "MAIL DID NOT ARRIVE" not in notice.text


def test_example(account: DatedAccount) -> None:
    """The command that tags an address is in one section only."""
    account.existing("nowhere", tags={})
    account.person("somewhere")

    text = account.digest().text

    assert "CANNOT BE TOLD" in text
    assert "NO MAIL ADDRESS" in text
    assert text.count("aws iam tag-user") == 1


def test_untold_without_sender(account: DatedAccount) -> None:
    """Without a sender nobody can be told, and the digest names the parameter and no tag."""
    account.existing("alice")
    account.existing("bob", told=Announcement(DAY, date(2026, 11, 10)))

    text = account.digest(sending=NoSending.NO_SENDER).text

    assert "CANNOT BE TOLD BEFORE THEIR DAY (1)\n" in text
    assert "- alice: 2027-01-15, no mail is sent\n" in text
    assert "set the parameter SenderEmail" in text
    assert "aws iam tag-user" not in text
    assert "- bob: 2027-01-15, told 2026-11-10\n" in text


def test_mail_that_came_back(account: DatedAccount) -> None:
    """A user whose announcement came back cannot be told; one who was told before the address went counts as told."""
    told = Announcement(DAY, date(2026, 11, 10))
    user_id = account.existing("bounced", told=told)
    account.records[user_id] = replace(
        account.records[user_id], address_trouble="bounced", address_trouble_of="bounced@example.com"
    )
    account.existing("moved", tags={}, told=told)

    text = account.digest().text

    assert "CANNOT BE TOLD BEFORE THEIR DAY (1)\n" in text
    assert "- bounced: 2027-01-15, mail came back\n" in text
    assert "- moved: 2027-01-15, told 2026-11-10\n" in text


def test_malformed_day(account: DatedAccount) -> None:
    """A tag that is no day is reported with its value and the form of a day."""
    account.existing("alice", tags={"email": "alice@example.com", "mfa-from": "15.1.2027"})

    notice = account.digest()

    section = " ".join(notice.text.partition("NO DAY: THE DAY IN THE TAG CANNOT BE READ (1)\n")[2].split())
    assert "until the tag mfa-from has a day" in section
    assert "as YYYY-MM-DD" in section
    assert "- alice: 15.1.2027 " in section
    assert notice.severity is Severity.WARNING


def test_one_screen(account: DatedAccount) -> None:
    """A digest about 330 users with a day has at most 60 lines."""
    for number in range(330):
        account.existing(f"user{number}", SIGNED_IN if number % 3 else PROGRAM)

    assert len(account.digest().text.splitlines()) + 2 <= 60
