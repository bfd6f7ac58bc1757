"""How the policy reaches a principal, and what it takes to detach it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.users import AccountUser


class AttachmentKind(StrEnum):
    """An attachment to a user, a role or another group, or a user's membership of our group."""

    USER = "user"
    MEMBERSHIP = "membership"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment to remove; `name` is that of the user, group or role."""

    by: AttachmentKind
    name: str


def attachments_of(account_user: AccountUser) -> tuple[Attachment, ...]:
    """Return how the policy reaches a user: the attachment, the membership, both, or neither."""
    coverage = account_user.coverage
    methods = ((AttachmentKind.USER, coverage.attached), (AttachmentKind.MEMBERSHIP, coverage.in_group))
    return tuple(Attachment(by, account_user.user.name) for by, applies in methods if applies)
