"""What is to happen to a user, and why: one rule for the new user, the changed user and the hourly sweep."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.exemptions import Exemption, ExemptionRules
from domain.users import AccountUser, User

# For this long what was recorded or read of a user is taken for how the user is; later the user is read again.
FRESH_FOR = timedelta(minutes=1)

# A user whose deletion failed because of our attachment is let go for this long, so that the next try succeeds.
DELETION_GRACE = timedelta(hours=1)


class EnforcementMethod(StrEnum):
    """How the policy reaches a user: attached, or through membership of a group that carries it."""

    USER = "user"
    GROUP = "group"


def methods_in_order(first: EnforcementMethod, *, group_enforces: bool = True) -> tuple[EnforcementMethod, ...]:
    """Return the ways to enforce a user, in the order to try them: each stands in for the other."""
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
    """Whom ops want enforced.

    Users created before `since` are only reported; None enforces everybody. A group that does not carry the policy
    (`group_enforces` is False) holds nobody, though its members are still to leave it when they become exempt.
    """

    exemptions: ExemptionRules
    since: datetime | None = None
    group_enforces: bool = True


@dataclass(frozen=True, slots=True)
class Flags:
    """What is remembered of users, by their ids, which survive a rename.

    The deletion of users in `deletion_pending` has just failed because of the policy. It was attached to users in
    `previously_enforced`: they are in scope whatever their age, so a detachment exempts nobody, event or not.
    """

    deletion_pending: AbstractSet[str] = frozenset()
    previously_enforced: AbstractSet[str] = frozenset()


NO_FLAGS = Flags()


class Reason(StrEnum):
    """Why nothing is done about a user."""

    EXEMPT = "exempt"
    ENFORCED = "enforced"
    BEING_DELETED = "being-deleted"
    OLDER = "older-than-the-deployment"


@dataclass(frozen=True, slots=True)
class Attach:
    """The enforcement policy belongs on this user and is not there."""

    user: User


@dataclass(frozen=True, slots=True)
class Release:
    """The enforcement policy holds a user who is exempt."""

    user: User
    exemption: Exemption


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """The user is as the user should be; `exemption` says more where that is the reason."""

    user: User
    reason: Reason
    exemption: Exemption | None = None


Decision = Attach | Release | LeaveAlone


def decide_enforcement(known: AccountUser, rules: Rules, *, today: date, flags: Flags = NO_FLAGS) -> Decision:
    """Decide about one user."""
    user, coverage = known.user, known.coverage
    exemption = rules.exemptions.exemption_of(user, today)
    if exemption is not None:
        return Release(user, exemption) if coverage.detachable else LeaveAlone(user, Reason.EXEMPT, exemption)
    if coverage.enforced(group_enforces=rules.group_enforces):
        return LeaveAlone(user, Reason.ENFORCED)
    if user.user_id in flags.deletion_pending:
        return LeaveAlone(user, Reason.BEING_DELETED)
    older = rules.since is not None and user.created < rules.since
    return LeaveAlone(user, Reason.OLDER) if older and user.user_id not in flags.previously_enforced else Attach(user)


def enforced_since(existing: ExistingUsers, chosen: datetime | None, deployed: datetime) -> datetime | None:
    """Return since when users are enforced: the time ops chose, or the deployment; None for everybody."""
    return None if existing is ExistingUsers.ENFORCE else chosen or deployed


@dataclass(frozen=True, slots=True)
class MalformedExemption:
    """A tag that was meant to exempt a user and exempts nobody."""

    value: str


def exemption_granted(user: User, rules: ExemptionRules, today: date) -> Exemption | MalformedExemption | None:
    """Tell what a call gave a user; the user has only the tags and the path that the call set."""
    value = rules.malformed(user)
    if value is not None:
        return MalformedExemption(value)
    return rules.exemption_of(user, today)


def reattachment_limit_reached(attachments_today: int, most: int) -> bool:
    """Tell whether to stop putting the policy back on a user on whom it was put back so often today.

    A tool is at work there: a fight helps nobody, an alarm does. The sweep still attaches.
    """
    return attachments_today >= most


def is_fresh(seen: datetime, now: datetime, change_delay: timedelta = FRESH_FOR) -> bool:
    """Tell whether what was seen of a user at that time may be acted on without another look.

    Changes are handled `change_delay` after they were made. If that is short, a later change may have been handled by
    now, and acting on the earlier record would undo it.
    """
    return now - seen < min(FRESH_FOR, change_delay)
