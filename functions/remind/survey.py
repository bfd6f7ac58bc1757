"""What a run finds out: everybody in bulk first, then one by one where it matters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError

from aws.credential_report import CredentialReports
from aws.directory import UserDirectory
from aws.enforcement_group import PolicyGroups
from aws.mfa_devices import LoginProfiles, MfaDevices, VirtualMfaDevices
from aws.people_table import RememberedPeople
from domain.enrolment import EnrolmentPicture, EnrolmentRules, picture_of, too_young_for_the_report
from domain.enrolment_facts import Facts
from domain.mfa_devices import Devices
from domain.reminder_plan import Outcome, plan_reminders, within_quota
from domain.reminders import ReminderMessage
from domain.sending import NoSending, SendingState, room_for
from domain.totals import RunTotals
from domain.users import User
from remind.settings import Settings

# Users created within the report's four hours, each of whom costs a call. The others wait for the next run.
_MOST_YOUNG = 100


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts about people come from. Without a policy there are no `groups` that carry it."""

    table: RememberedPeople
    reports: CredentialReports
    directory: UserDirectory
    groups: PolicyGroups | None
    group_name: str
    virtual_devices: VirtualMfaDevices
    devices: MfaDevices
    login_profiles: LoginProfiles


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the picture, and what would become of the reminders if the queue took them all."""

    picture: EnrolmentPicture
    outcome: Outcome
    sending: SendingState | NoSending
    report_made: datetime | None
    runs: tuple[RunTotals, ...]
    unreadable: tuple[str, ...] = ()


def survey(
    sources: Sources, settings: Settings, now: datetime, has_time: Callable[[], bool], sending: SendingState | NoSending
) -> Survey:
    """Find out who has no MFA and whom to remind; nothing is written. The days are those of the time's own zone."""
    facts, runs, unreadable = read_facts(sources, settings.rules, now, has_time)
    today, exempt_on = now.date(), now.astimezone(UTC).date()
    picture = picture_of(facts, settings.rules, today, exempt_on=exempt_on)
    zone = settings.time_zone
    wanted = plan_reminders(picture, settings.cadence, settings.language, zone) if settings.sender else []
    planned = within_quota(wanted, room_for(sending))
    seen, postponed = look_again(planned, sources.devices, has_time)
    return Survey(
        picture=picture_of(facts.seeing(seen), settings.rules, today, exempt_on=exempt_on),
        outcome=Outcome(
            # Whoever is gone by now is not in need of a mail either: the devices are None.
            queued=tuple(message for message in planned if seen.get(message.user_id) == frozenset()),
            unchecked=len(planned) - len(seen) - postponed,
            postponed=postponed,
            over_quota=len(wanted) - len(planned),
        ),
        sending=sending,
        report_made=facts.report.made if facts.report else None,
        runs=runs,
        unreadable=unreadable,
    )


def read_facts(
    sources: Sources, rules: EnrolmentRules, now: datetime, has_time: Callable[[], bool]
) -> tuple[Facts, tuple[RunTotals, ...], tuple[str, ...]]:
    """Read everybody in bulk; return the facts, the runs that are still remembered, and what could not be read.

    The report comes first: what is read after it is the fresher.
    """
    remembered = sources.table.read()
    # DynamoDB deletes expired items within days only.
    runs = tuple(run for run in remembered.runs if run.expires is None or run.expires > now.timestamp())
    carrying = sources.groups.names() if sources.groups else frozenset()
    facts = Facts(
        report=sources.reports.fetch(),
        users=list(sources.directory.users(carrying - {sources.group_name})),
        devices=sources.virtual_devices.owners(),
        histories=remembered.people,
        last_run=runs[-1].at.astimezone(now.tzinfo).date() if runs else None,
        group_enforces=sources.group_name in carrying,
    )
    young = list(islice(too_young_for_the_report(facts, rules, now.date()), _MOST_YOUNG))
    passwords, devices = looked_up(young, sources, has_time)
    unreadable = (*(facts.report.unreadable if facts.report else ()), *remembered.unreadable)
    return replace(facts.seeing(devices), passwords=passwords), runs, unreadable


def looked_up(
    users: Iterable[User], sources: Sources, has_time: Callable[[], bool]
) -> tuple[Mapping[str, bool], Mapping[str, Devices | None]]:
    """Tell by user id who has a password, and which devices those have who do: no bulk list has all kinds.

    One who cannot be looked up stays unknown until the next run.
    """
    passwords: dict[str, bool] = {}
    devices: dict[str, Devices | None] = {}
    for user in users:
        if not has_time():
            break
        try:
            has_password = sources.login_profiles.has_password(user.name)
            if has_password:
                devices[user.user_id] = sources.devices.of(user.name)
            passwords[user.user_id] = has_password
        except (ClientError, BotoCoreError):
            continue
    return passwords, devices


def look_again(
    planned: Sequence[ReminderMessage], devices: MfaDevices, has_time: Callable[[], bool]
) -> tuple[Mapping[str, Devices | None], int]:
    """Look up the devices of everybody who is about to be mailed: nobody who has one is to be nagged.

    Return them by user id (None: the user is gone), and for how many there was no time. One who cannot be looked up is
    left out, and keeps nobody else from being reminded.
    """
    seen: dict[str, Devices | None] = {}
    for number, message in enumerate(planned):
        if not has_time():
            return seen, len(planned) - number
        try:
            seen[message.user_id] = devices.of(message.user_name)
        except (ClientError, BotoCoreError):
            continue
    return seen, 0
