"""By what the enforcement policy holds somebody, and so what letting go takes."""

from dataclasses import dataclass
from enum import StrEnum

from domain.users import AccountUser


class HoldBy(StrEnum):
    """An attachment to a user, a role or somebody's group, or a user's membership of our group."""

    USER = "user"
    MEMBERSHIP = "membership"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing to undo; `name` is that of the user, group or role."""

    by: HoldBy
    name: str


def holds_on(known: AccountUser) -> tuple[Hold, ...]:
    """Return what holds a user: nothing, the attachment, the membership, or both."""
    standing = known.standing
    held = ((HoldBy.USER, standing.attached), (HoldBy.MEMBERSHIP, standing.in_group))
    return tuple(Hold(by, known.user.name) for by, holds in held if holds)
