"""What happens to a user, and why: one rule for the new user, the changed user and the hourly sweep."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.enforcement.dates import NO_DATES, DateRules
from domain.exemptions import Exemption, ExemptionRules
from domain.users import AccountUser, User

# A record or a reading of a user counts as current for this long; after that the user is read again.
FRESH_FOR = timedelta(minutes=1)

# The policy stays off for this long if a deletion failed because of our attachment, so that the next try succeeds.
DELETION_GRACE = timedelta(hours=1)


class EnforcementMethod(StrEnum):
    """How the policy reaches a user: attached, or through membership of a group that carries it."""

    USER = "user"
    GROUP = "group"


def methods_in_order(first: EnforcementMethod, *, group_enforces: bool = True) -> tuple[EnforcementMethod, ...]:
    """Return the enforcement methods in the order to try them: each is the fallback for the other."""
    if not group_enforces:
        return (EnforcementMethod.USER,)
    return (
        (EnforcementMethod.USER, EnforcementMethod.GROUP)
        if first is EnforcementMethod.USER
        else (EnforcementMethod.GROUP, EnforcementMethod.USER)
    )


class ExistingUsers(StrEnum):
    """What happens to users who are older than the deployment."""

    REPORT = "report"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Rules:
    """The users that ops want enforced.

    Users created before `since` are only reported, until the day that `dates` gives them; None enforces every user.
    If the group does not carry the policy (`group_enforces` is False), membership enforces nobody, but exempt members
    must still leave the group.
    """

    exemptions: ExemptionRules
    since: datetime | None = None
    group_enforces: bool = True
    dates: DateRules = NO_DATES


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of users, by user id, because an id survives a rename.

    `deletion_pending`: the deletion of the user has just failed because of the policy. `previously_enforced`: the
    policy was attached to the user. Such a user is in scope at any age, so a detachment exempts nobody, even if its
    event is lost. `due`: the day of the existing user has come, and a mail announced it in time.
    """

    deletion_pending: AbstractSet[str] = frozenset()
    previously_enforced: AbstractSet[str] = frozenset()
    due: AbstractSet[str] = frozenset()


NO_FLAGS = Flags()


class Reason(StrEnum):
    """Why a user is left alone."""

    EXEMPT = "exempt"
    ENFORCED = "enforced"
    BEING_DELETED = "being-deleted"
    OLDER = "older-than-the-deployment"


@dataclass(frozen=True, slots=True)
class Attach:
    """The user must be enforced and is not."""

    user: User


@dataclass(frozen=True, slots=True)
class Release:
    """The user is exempt, and the policy is attached."""

    user: User
    exemption: Exemption


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Nothing must change for the user; `exemption` is set if it is the reason."""

    user: User
    reason: Reason
    exemption: Exemption | None = None


Decision = Attach | Release | LeaveAlone


def decide_enforcement(account_user: AccountUser, rules: Rules, *, today: date, flags: Flags = NO_FLAGS) -> Decision:
    """Decide about one user."""
    user, coverage = account_user.user, account_user.coverage
    exemption = rules.exemptions.exemption_of(user, today)
    if exemption is not None:
        return Release(user, exemption) if coverage.detachable else LeaveAlone(user, Reason.EXEMPT, exemption)
    if coverage.enforced(group_enforces=rules.group_enforces):
        return LeaveAlone(user, Reason.ENFORCED)
    if user.user_id in flags.deletion_pending:
        return LeaveAlone(user, Reason.BEING_DELETED)
    if is_older(user, rules) and user.user_id not in flags.previously_enforced and user.user_id not in flags.due:
        return LeaveAlone(user, Reason.OLDER)
    return Attach(user)


def is_older(user: User, rules: Rules) -> bool:
    """Return whether this is an existing user, who is not enforced at once."""
    return rules.since is not None and user.created < rules.since


def enforced_since(existing: ExistingUsers, chosen: datetime | None, deployed: datetime) -> datetime | None:
    """Return the creation time from which users are enforced: ops' choice or the deployment; None for every user."""
    return None if existing is ExistingUsers.ENFORCE else chosen or deployed


@dataclass(frozen=True, slots=True)
class MalformedExemption:
    """A tag that was meant to exempt a user but is not valid."""

    value: str


def exemption_granted(user: User, rules: ExemptionRules, today: date) -> Exemption | MalformedExemption | None:
    """Return the exemption that a call gave a user; `user` has only the tags and the path that the call set."""
    value = rules.malformed(user)
    if value is not None:
        return MalformedExemption(value)
    return rules.exemption_of(user, today)


def reattachment_limit_reached(attachments_today: int, most: int) -> bool:
    """Return whether to stop attaching the policy again, after so many times today.

    Another tool keeps detaching it: an alarm helps more than a fight. The sweep still attaches.
    """
    return attachments_today >= most


def is_fresh(seen: datetime, now: datetime, change_delay: timedelta = FRESH_FOR) -> bool:
    """Return whether facts of that time about a user may be acted on without reading the user again.

    Changes are handled `change_delay` after they were made. If that is short, a later change may have been handled by
    now, and acting on the earlier record would undo it.
    """
    return now - seen < min(FRESH_FOR, change_delay)
