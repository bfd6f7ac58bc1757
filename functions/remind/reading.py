"""Reads the account for a run: all users in bulk, then the devices of those who are about to be reminded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from aws.iam.mfa_devices import MfaDevices
from domain.enrolment.devices import Devices
from domain.enrolment.snapshot import EnrolmentSnapshot, build_snapshot, with_devices_found
from domain.enrolment.totals import RunTotals
from domain.enrolment.window_plan import plan_closings, plan_reopenings, without_devices
from domain.enrolment.window_request import WindowRequest
from domain.mail.ses_status import NoSending, SendingState, room_for
from domain.reminders.message import ReminderMessage
from domain.reminders.plan import (
    ReminderOutcome,
    announcements_within_quota,
    plan_announcements,
    plan_reminders,
    within_quota,
)

if TYPE_CHECKING:
    from remind.adapters import Adapters


@dataclass(frozen=True, slots=True)
class RunReading:
    """The reading of a run: all people, the reminders that are due, and the totals of earlier runs.

    `retried` are the totals that an earlier try of this run stored.
    """

    snapshot: EnrolmentSnapshot
    outcome: ReminderOutcome
    sending: SendingState | NoSending
    report_made: datetime | None
    runs: tuple[RunTotals, ...]
    retried: RunTotals | None = None
    unreadable: tuple[str, ...] = ()


def read_account(adapters: "Adapters", now: datetime, request: str, has_time: Callable[[], bool]) -> RunReading:
    """Find the users who have no MFA and are due for a reminder; nothing is written. Days are in the zone of `now`.

    `request` is Lambda's request id, which stays the same when Lambda retries the run.
    """
    settings, today, exempt_on = adapters.settings, now.date(), now.astimezone(UTC).date()
    facts, runs, unreadable = adapters.reader.read(settings.rules, now, has_time)
    snapshot = build_snapshot(facts, settings.rules, today, exempt_on=exempt_on)
    sending = adapters.sending.state(settings.sender) if settings.sender else NoSending.NO_SENDER
    zone = settings.time_zone
    due = plan_reminders(snapshot, settings.cadence, settings.default_language, zone) if settings.sender else []
    due_announcements = (
        plan_announcements(snapshot, adapters.account.number, now.astimezone(UTC)) if settings.sender else []
    )
    room = room_for(sending)
    planned = within_quota(due, room)
    announced = announcements_within_quota(due_announcements, planned, room)
    current_devices, postponed = read_devices_again(planned, adapters.reader.devices, has_time)
    closings = plan_closings(snapshot, adapters.account.number)
    current_devices_of_closed, _ = read_devices_again(closings, adapters.reader.devices, has_time)
    corrected = with_devices_found(
        snapshot, facts, settings.rules, {**current_devices, **current_devices_of_closed}, exempt_on=exempt_on
    )
    retried = next((run for run in runs if run.request == request), None)
    return RunReading(
        snapshot=corrected,
        outcome=ReminderOutcome(
            # The devices are None if the user is gone by now; such a user needs no mail either.
            queued=tuple(message for message in planned if current_devices.get(message.user_id) == frozenset()),
            unchecked=len(planned) - len(current_devices) - postponed,
            postponed=postponed,
            announced=announced,
            window_requests=(
                *without_devices(closings, current_devices_of_closed),
                *plan_reopenings(corrected, adapters.account.number),
            ),
            over_quota=len(due) - len(planned) + len(due_announcements) - len(announced),
        ),
        sending=sending,
        report_made=facts.report.made if facts.report else None,
        runs=tuple(run for run in runs if run is not retried),
        retried=retried,
        unreadable=unreadable,
    )


def read_devices_again(
    planned: Sequence[ReminderMessage | WindowRequest], devices: MfaDevices, has_time: Callable[[], bool]
) -> tuple[Mapping[str, Devices | None], int]:
    """Read the devices of the people who are about to be reminded or closed, because nobody with a device is.

    Return them by user id (None: the user is gone), and the number of people not read for lack of time. A person whose
    devices cannot be read is left out; the others are still reminded.
    """
    current_devices: dict[str, Devices | None] = {}
    for number, message in enumerate(planned):
        if not has_time():
            return current_devices, len(planned) - number
        try:
            current_devices[message.user_id] = devices.of(message.user_name)
        except (ClientError, BotoCoreError):
            continue
    return current_devices, 0
