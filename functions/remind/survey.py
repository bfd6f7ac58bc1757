"""What a run finds out: everybody in bulk first, then one by one where it matters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from aws.account_reader import AccountReader
from aws.iam.mfa_devices import MfaDevices
from domain.enrolment.devices import Devices
from domain.enrolment.snapshot import EnrolmentSnapshot, build_snapshot
from domain.enrolment.totals import RunTotals
from domain.mail.ses_status import NoSending, SendingState, room_for
from domain.reminders.message import ReminderMessage
from domain.reminders.plan import ReminderOutcome, plan_reminders, within_quota
from remind.settings import Settings


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the picture, and what would become of the reminders if the queue took them all."""

    snapshot: EnrolmentSnapshot
    outcome: ReminderOutcome
    sending: SendingState | NoSending
    report_made: datetime | None
    runs: tuple[RunTotals, ...]
    unreadable: tuple[str, ...] = ()


def survey(
    account: AccountReader,
    settings: Settings,
    now: datetime,
    has_time: Callable[[], bool],
    sending: SendingState | NoSending,
) -> Survey:
    """Find out who has no MFA and whom to remind; nothing is written. The days are those of the time's own zone."""
    facts, runs, unreadable = account.read(settings.rules, now, has_time)
    today, exempt_on = now.date(), now.astimezone(UTC).date()
    snapshot = build_snapshot(facts, settings.rules, today, exempt_on=exempt_on)
    zone = settings.time_zone
    wanted = plan_reminders(snapshot, settings.cadence, settings.default_language, zone) if settings.sender else []
    planned = within_quota(wanted, room_for(sending))
    seen, postponed = look_again(planned, account.devices, has_time)
    return Survey(
        snapshot=build_snapshot(facts.with_devices(seen), settings.rules, today, exempt_on=exempt_on),
        outcome=ReminderOutcome(
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
