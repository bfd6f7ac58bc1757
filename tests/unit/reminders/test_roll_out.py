"""Four months, day by day: existing users get mails, are enforced on their day, and nobody is enforced by surprise."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules, Recipient
from domain.contact.languages import Language
from domain.enforcement.dates import DateRules, UnreachableUsers
from domain.enforcement.enforcement_message import EnforcementMessage
from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.due import due_users
from domain.enrolment.readings import EnrolmentFacts
from domain.enrolment.record import PersonRecord
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.exemptions import ExemptionRules
from domain.mail.decision import (
    CurrentUser,
    Mail,
    MailRules,
    NoMail,
    NotYet,
    decide_enforcement_mail,
    decide_reminder_mail,
)
from domain.reminders.cadence import Cadence
from domain.reminders.message import ReminderMessage
from domain.reminders.plan import plan_announcements, plan_reminders
from domain.users import AccountUser, PolicyCoverage, User

FIRST = date(2026, 12, 1)
CREATED = datetime(2020, 1, 1, tzinfo=UTC)
CADENCE = Cadence((0, 1, 3, 7, 14), 14)
EXEMPTIONS = ExemptionRules("mfa-exempt", ())
ADDRESSES = AddressRules("email", "", frozenset())
DAYS = st.integers(0, 90).map(lambda days: FIRST + timedelta(days=days))


@dataclass
class Somebody:
    """An existing user: which credentials, which mails arrive, on which day a tag changes."""

    user: User
    password: bool
    keys: int
    device: bool
    retags: dict[int, str]
    lost: set[int]
    record: PersonRecord
    enforced_on: date | None = None
    mails: list[tuple[date, Mail]] = field(default_factory=list)


def somebody(number: int) -> st.SearchStrategy[Somebody]:
    name = f"user{number}"
    values = DAYS.map(str) | st.sampled_from(["", "soon", "2027-01-20 wave 2"])
    return st.builds(
        lambda email, password, keys, device, retags, lost: Somebody(
            User(name, f"AIDA{name}", "/", {"email": f"{name}@example.com"} if email else {}, CREATED),
            password,
            keys,
            device,
            retags,
            lost,
            PersonRecord(f"AIDA{name}", name),
        ),
        email=st.sampled_from([True, True, True, False]),
        password=st.booleans(),
        keys=st.integers(0, 2),
        device=st.booleans(),
        retags=st.dictionaries(st.integers(0, 110), values, max_size=3),
        lost=st.sets(st.integers(0, 110), max_size=8),
    )


def deliver(each: Somebody, message: ReminderMessage | EnforcementMessage, rules: MailRules, now: datetime) -> None:
    """Do with a message what notify does with it; the record follows as the claim and its confirmation write it."""
    if message.cause in each.record.causes:
        return
    current = CurrentUser(
        AccountUser(each.user, PolicyCoverage(attached=each.enforced_on is not None)), ("phone",) if each.device else ()
    )
    if isinstance(message, ReminderMessage):
        mail: Mail | NoMail | NotYet = decide_reminder_mail(message, current, rules, now)
    else:
        mail = decide_enforcement_mail(message, current, rules, now)
    if not isinstance(mail, Mail):
        return
    each.mails.append((now.date(), mail))
    each.record = replace(
        each.record,
        causes=each.record.causes | {mail.cause},
        announcement=mail.announcement or each.record.announcement,
    )
    if mail.step is not None:
        each.record = replace(each.record, reminders=mail.step.number, last_reminded=now)


@settings(max_examples=60)
@given(
    people=st.tuples(*map(somebody, range(6))),
    day=st.none() | DAYS,
    notice=st.integers(0, 21),
    unreachable=st.sampled_from(UnreachableUsers),
)
def test_roll_out(people: tuple[Somebody, ...], day: date | None, notice: int, unreachable: UnreachableUsers) -> None:
    """A user is enforced from the announced day on; nobody with an address is enforced without a mail."""
    dates = DateRules(day, "mfa-enforce-from", timedelta(days=notice), unreachable)
    rules = EnrolmentRules(EXEMPTIONS, ADDRESSES, dates)
    mail_rules = MailRules(EXEMPTIONS, ADDRESSES, Language.ENGLISH)
    for number in range(120):
        today = FIRST + timedelta(days=number)
        now = datetime.combine(today, time(9), UTC)
        retag(people, number)
        run(people, rules, mail_rules, now)
        waiting = [each.user for each in people if each.enforced_on is None]
        records = {each.user.user_id: each.record for each in people}
        due = due_users(waiting, records, rules, today, sends_mail=True)
        for each in (each for each in people if each.user.user_id in due):
            check_not_by_surprise(each, rules, today)
            each.enforced_on = today
    for each in people:
        check_enforced(each, rules)


def retag(people: tuple[Somebody, ...], number: int) -> None:
    for each in people:
        if number in each.retags:
            each.user = replace(each.user, tags={**each.user.tags, "mfa-enforce-from": each.retags[number]})


def run(people: tuple[Somebody, ...], rules: EnrolmentRules, mail_rules: MailRules, now: datetime) -> None:
    """Run remind once, and deliver each message twice but for those that are lost."""
    today, number = now.date(), (now.date() - FIRST).days
    rows = {
        each.user.name: Credentials(CREATED, each.password, each.keys, mfa=each.device, able_since=None)
        for each in people
    }
    facts = EnrolmentFacts(
        users=[AccountUser(each.user, PolicyCoverage(attached=each.enforced_on is not None)) for each in people],
        report=CredentialReport(now, rows),
        devices={},
        records={each.user.user_id: each.record for each in people},
        last_run=today - timedelta(days=1),
    )
    snapshot = build_snapshot(facts, rules, today)
    for each, person in zip(people, snapshot.people, strict=True):
        each.record = person.record
    planned: tuple[ReminderMessage | EnforcementMessage, ...] = (
        *plan_reminders(snapshot, CADENCE, Language.ENGLISH),
        *plan_announcements(snapshot, "111122223333", now),
    )
    owners = {each.user.user_id: each for each in people}
    for message in planned:
        each = owners[message.user_id]
        for _ in range(0 if number in each.lost else 2):
            deliver(each, message, mail_rules, now)


def check_not_by_surprise(each: Somebody, rules: EnrolmentRules, today: date) -> None:
    """The user's day has come, and a mail named it the days of notice before; or no mail can reach the user."""
    day = rules.dates.day_of(each.user)
    assert day is not None
    assert day <= today
    announcements = [(on, mail.announcement) for on, mail in each.mails if mail.announcement]
    if isinstance(rules.addresses.recipient_of(each.user), Recipient):
        assert announcements[-1][1].day <= today
        assert any(on + rules.dates.notice <= today and named.day <= today for on, named in announcements)
    else:
        assert rules.dates.unreachable is UnreachableUsers.ENFORCE


def check_enforced(each: Somebody, rules: EnrolmentRules) -> None:
    """Nobody is forgotten, nobody got two mails in a day, and no mail came twice."""
    assert len({on for on, _ in each.mails}) == len(each.mails)
    assert len({mail.cause for _, mail in each.mails}) == len(each.mails)
    last = FIRST + timedelta(days=119)
    day = rules.dates.day_of(each.user)
    reachable = isinstance(rules.addresses.recipient_of(each.user), Recipient)
    settled = max((*each.retags, *each.lost, 0)) + 8
    if (
        day
        and day + rules.dates.notice < last
        and reachable
        and FIRST + timedelta(days=settled) + rules.dates.notice < last
    ):
        assert each.enforced_on is not None, each
