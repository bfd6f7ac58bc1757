"""Which mail a user gets, or why the user gets none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from domain.contact.addresses import AddressRules, Unreachable
from domain.contact.languages import Language, language_of
from domain.enforcement.dates import Announcement
from domain.enforcement.enforcement_message import EnforcementMailKind, EnforcementMessage
from domain.enrolment.devices import Device, kind_of
from domain.enrolment.window import CLOSED_TAG
from domain.exemptions import ExemptionRules
from domain.reminders.message import ReminderMessage
from domain.users import AccountUser, User, may_still_appear

# Users created by hand or by a script often get their tags last. The queue retries for longer than this, so a failure
# after it is still retried.
_ADDRESS_WITHIN = timedelta(minutes=30)


class MailKind(StrEnum):
    """The kind of a mail, which selects its template."""

    WELCOME = "welcome"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    ENROLLED = "enrolled"
    DEVICE_REMOVED = "device-removed"
    ANNOUNCEMENT = "announcement"
    ENFORCED = "enforced"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """A change to a user's account that the user gets a mail about.

    `cause` contains CloudTrail's id of the call: a second delivery has the same cause. `serial_number` is that of the
    device, None if the kind is not about a device or the call did not name it.
    """

    kind: MailKind
    cause: str
    user_name: str
    at: datetime
    serial_number: str | None = None


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """A user as IAM returns it now, None if there is no user of that name; the devices are serial numbers."""

    user: AccountUser | None
    devices: Sequence[str]

    @property
    def is_covered(self) -> bool:
        """Return whether IAM shows that the policy reaches the user."""
        return self.user is not None and self.user.coverage.enforced()

    def is_enforced(self, now: datetime) -> bool:
        """Return whether the user is enforced; new users count at once, before IAM shows the attachment."""
        return self.user is not None and (
            self.user.coverage.enforced() or may_still_appear(self.user.user.created, now)
        )


@dataclass(frozen=True, slots=True)
class MailRules:
    """The choices of ops."""

    exemptions: ExemptionRules
    addresses: AddressRules
    default_language: Language
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Step:
    """The position of a reminder: its number, counted from 1, and the days without MFA."""

    number: int
    days: int
    unenrolled_since: date

    @property
    def day(self) -> date:
        """Return the day of the run that planned the reminder."""
        return self.unenrolled_since + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. `code_device` is the serial number of a device whose codes the AWS CLI accepts.

    If `enforced` is false, AWS denies this user nothing, so the mail must not mention denials. `announcement` is what
    the user knows of the day of enforcement once the mail is sent, `days_left` are the days until then. `window_until`
    is the last day on which the user can enrol alone.
    """

    kind: MailKind
    cause: str
    user_id: str
    user_name: str
    to: str
    cc: str | None
    language: Language
    enforced: bool
    path: str = "/"
    step: Step | None = None
    serial_number: str | None = None
    code_device: str | None = None
    announcement: Announcement | None = None
    days_left: int | None = None
    has_device: bool = False
    window_until: date | None = None


class NoMail(StrEnum):
    """Why a user gets no mail."""

    GONE = "the user is gone"
    SUCCEEDED = "the name is that of a later user"
    EXEMPT = "the user is exempt"
    ENROLLED = "the user has a device"
    DEVICE_GONE = "the device is gone"
    UNREACHABLE = "the user has no address"
    ENFORCED = "the user is enforced already"
    NOT_ENFORCED = "the user is not enforced"
    NOT_CLOSED = "the user is not closed"
    READDRESSED = "the addresses have changed since the reminder was planned"


class NotYet(StrEnum):
    """Why the decision must wait: IAM shows changes with a delay ("Troubleshoot IAM"), and tags may come later."""

    USER = "IAM does not show the user yet"
    DEVICE = "IAM does not show the change of the device yet"
    ADDRESS = "the user has no address yet"
    POLICY = "IAM does not show the policy yet"
    TAG = "IAM does not show the tag yet"


def decide_reminder_mail(
    message: ReminderMessage, current: CurrentUser, rules: MailRules, now: datetime
) -> Mail | NoMail:
    """Decide whether a planned reminder is still correct: it may have waited for hours.

    A reminder that is not makes no claim, so the next run plans again.
    """
    account_user = current.user
    if account_user is None or account_user.user.user_id != message.user_id:
        return NoMail.GONE
    if rules.exemptions.exemption_of(account_user.user, now.date()) is not None:
        return NoMail.EXEMPT
    if current.devices:
        return NoMail.ENROLLED
    recipient = rules.addresses.recipient_of(account_user.user)
    if isinstance(recipient, Unreachable):
        return NoMail.UNREACHABLE
    if message.to != recipient.to or message.cc not in {None, recipient.manager}:
        return NoMail.READDRESSED
    # A user who has a day is an existing user, and IAM has long shown whether the policy is attached.
    enforced = current.is_covered if message.enforced_from else current.is_enforced(now)
    today = now.astimezone(rules.zone).date()
    announcement = None if enforced else message.announcement_on(today)
    return Mail(
        kind=MailKind(message.kind),
        cause=message.cause,
        user_id=message.user_id,
        user_name=message.user_name,
        to=message.to,
        cc=message.cc,
        language=message.language,
        enforced=enforced,
        path=account_user.user.path,
        step=Step(message.number, message.days, message.unenrolled_since),
        announcement=announcement,
        days_left=_days_left(announcement, today),
        window_until=message.window_until if message.window_until and message.window_until >= today else None,
    )


def decide_enforcement_mail(
    message: EnforcementMessage, current: CurrentUser, rules: MailRules, now: datetime
) -> Mail | NoMail | NotYet:
    """Decide whether the user gets a mail about enforcement: it begins, it has begun, or the user is closed."""
    account_user = current.user
    if account_user is None or account_user.user.user_id != message.user_id:
        return NoMail.GONE
    user = account_user.user
    if rules.exemptions.exemption_of(user, now.date()) is not None:
        return NoMail.EXEMPT
    obstacle = _obstacle_to_enforcement_mail(message, current, user, fresh=may_still_appear(message.at, now))
    if obstacle is not None:
        return obstacle
    recipient = rules.addresses.recipient_of(user)
    if isinstance(recipient, Unreachable):
        return NoMail.UNREACHABLE
    today = now.astimezone(rules.zone).date()
    announcement = message.announcement_on(today) if message.kind is EnforcementMailKind.ANNOUNCEMENT else None
    return Mail(
        kind=MailKind(message.kind),
        cause=message.cause,
        user_id=user.user_id,
        user_name=user.name,
        to=recipient.to,
        cc=recipient.manager if message.kind is EnforcementMailKind.CLOSED else None,
        language=language_of(user, rules.default_language),
        enforced=current.is_covered,
        path=user.path,
        code_device=_code_device(None, current.devices),
        announcement=announcement,
        days_left=_days_left(announcement, today),
        has_device=bool(current.devices),
    )


def decide_account_event_mail(
    account_event: AccountEvent, current: CurrentUser, rules: MailRules, now: datetime
) -> Mail | NoMail | NotYet:
    """Decide by the current state, so that the order in which account events arrive does not matter."""
    fresh = may_still_appear(account_event.at, now)
    if current.user is None:
        return NotYet.USER if fresh else NoMail.GONE
    user = current.user.user
    if user.created > account_event.at:
        return NoMail.SUCCEEDED
    if rules.exemptions.exemption_of(user, now.date()) is not None:
        return NoMail.EXEMPT
    obstacle = _obstacle(account_event, current.devices, fresh=fresh)
    if obstacle is not None:
        return obstacle
    recipient = rules.addresses.recipient_of(user)
    if isinstance(recipient, Unreachable):
        waits = account_event.kind is MailKind.WELCOME and now - account_event.at < _ADDRESS_WITHIN
        return NotYet.ADDRESS if waits else NoMail.UNREACHABLE
    return Mail(
        kind=account_event.kind,
        cause=account_event.cause,
        user_id=user.user_id,
        user_name=user.name,
        to=recipient.to,
        cc=None,
        language=language_of(user, rules.default_language),
        enforced=current.is_enforced(now),
        path=user.path,
        serial_number=account_event.serial_number,
        code_device=_code_device(account_event.serial_number, current.devices),
    )


def _days_left(announcement: Announcement | None, today: date) -> int | None:
    """Return the days until enforcement begins, None if no day is announced."""
    return None if announcement is None else max((announcement.day - today).days, 0)


def _obstacle_to_enforcement_mail(
    message: EnforcementMessage, current: CurrentUser, user: User, *, fresh: bool
) -> NoMail | NotYet | None:
    """Return why what IAM shows contradicts the mail, or None if it does not."""
    match message.kind:
        case EnforcementMailKind.ANNOUNCEMENT if current.is_covered:
            return NoMail.ENFORCED
        case EnforcementMailKind.ENFORCED if not current.is_covered:
            return NotYet.POLICY if fresh else NoMail.NOT_ENFORCED
        case EnforcementMailKind.CLOSED if current.devices:
            return NoMail.ENROLLED
        case EnforcementMailKind.CLOSED if not user.has_tag(CLOSED_TAG):
            return NotYet.TAG if fresh else NoMail.NOT_CLOSED
    return None


def _obstacle(account_event: AccountEvent, devices: Sequence[str], *, fresh: bool) -> NoMail | NotYet | None:
    """Return why the devices contradict the mail, or None if they do not."""
    # If the call named no device, any of them may be the one.
    there = bool(devices) if account_event.serial_number is None else account_event.serial_number in devices
    match account_event.kind:
        case MailKind.ENROLLED if not there:
            return NotYet.DEVICE if fresh else NoMail.DEVICE_GONE
        case MailKind.DEVICE_REMOVED if there and fresh:
            return NotYet.DEVICE
        case MailKind.DEVICE_REMOVED | MailKind.WELCOME if devices:
            return NoMail.ENROLLED
    return None


def _code_device(registered: str | None, devices: Sequence[str]) -> str | None:
    """Return a device that shows codes, preferably the one just registered; passkeys show none."""
    ordered = sorted(devices, key=lambda serial_number: serial_number != registered)
    return next((serial_number for serial_number in ordered if kind_of(serial_number) is not Device.PASSKEY), None)
