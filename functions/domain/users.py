"""Who an IAM user is, and how the enforcement policy holds that user at present."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# IAM is eventually consistent ("Troubleshoot IAM": changes are not always immediately visible). A user whom IAM does
# not know is given this long to appear; after that somebody has deleted the user.
APPEARS_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user.

    `user_id` (AIDA…) survives a rename and is never used again for another user; `name` and `path` do change.
    """

    name: str
    user_id: str
    path: str
    tags: Mapping[str, str]
    created: datetime

    def tag(self, key: str) -> str:
        """Return a tag's value, or nothing; IAM does not tell keys apart by case ("Tags for IAM resources")."""
        wanted = key.casefold()
        return next((value.strip() for name, value in self.tags.items() if name.casefold() == wanted), "")


@dataclass(frozen=True, slots=True)
class PolicyCoverage:
    """How the enforcement policy reaches a user: attached directly, through membership of our group, both or neither.

    `other_groups` are groups of the user that carry the policy and are not ours. The tool never touches them, so it
    enforces a user directly all the same, and cannot free an exempt one.
    """

    attached: bool = False
    in_group: bool = False
    other_groups: frozenset[str] = frozenset()

    @property
    def detachable(self) -> bool:
        """Tell whether there is anything to detach when the user is released."""
        return self.attached or self.in_group

    def enforced(self, *, group_enforces: bool = True) -> bool:
        """Tell whether the policy reaches the user; either way counts as much.

        Whether the group carries the policy is the sweep's to see and to mend; others take it for granted.
        """
        return self.attached or (self.in_group and group_enforces)

    @property
    def denied(self) -> bool:
        """Tell whether the user is denied everything but enrolment, by us or through another group."""
        return self.enforced() or bool(self.other_groups)


NOT_COVERED = PolicyCoverage()


@dataclass(frozen=True, slots=True)
class AccountUser:
    """A user as the account knows it now."""

    user: User
    coverage: PolicyCoverage


def may_still_appear(done: datetime, now: datetime) -> bool:
    """Tell whether IAM may yet come to show what was done at that time."""
    return now - done < APPEARS_WITHIN
