"""By what the enforcement policy holds somebody, and so what letting go takes."""

from dataclasses import dataclass
from enum import StrEnum

from domain.users import AccountUser


class AttachmentKind(StrEnum):
    """An attachment to a user, a role or somebody's group, or a user's membership of our group."""

    USER = "user"
    MEMBERSHIP = "membership"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One thing to undo; `name` is that of the user, group or role."""

    by: AttachmentKind
    name: str


def attachments_of(known: AccountUser) -> tuple[Attachment, ...]:
    """Return what holds a user: nothing, the attachment, the membership, or both."""
    coverage = known.coverage
    held = ((AttachmentKind.USER, coverage.attached), (AttachmentKind.MEMBERSHIP, coverage.in_group))
    return tuple(Attachment(by, known.user.name) for by, holds in held if holds)
