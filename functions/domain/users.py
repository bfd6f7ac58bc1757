"""An IAM user, and how the enforcement policy reaches that user at present."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# IAM is eventually consistent ("Troubleshoot IAM": changes are not always immediately visible). A user that IAM does
# not return has this long to appear; after that the user counts as deleted.
APPEARS_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user.

    `user_id` (AIDA…) survives a rename and is never reused; `name` and `path` may change. `signed_in` is the last
    sign-in with the password, None if there was none or if the user was not read one by one.
    """

    name: str
    user_id: str
    path: str
    tags: Mapping[str, str]
    created: datetime
    signed_in: datetime | None = None

    def has_tag(self, key: str) -> bool:
        """Return whether the user has a tag, which may be empty."""
        return key.casefold() in map(str.casefold, self.tags)

    def tag(self, key: str) -> str:
        """Return a tag's value, or an empty text; IAM's keys are not case-sensitive ("Tags for IAM resources")."""
        wanted = key.casefold()
        return next((value.strip() for name, value in self.tags.items() if name.casefold() == wanted), "")


@dataclass(frozen=True, slots=True)
class PolicyCoverage:
    """How the enforcement policy reaches a user: attached directly, through membership of our group, both or neither.

    `other_groups` are groups of the user that carry the policy and are not ours. The tool never changes them, so it
    still enforces their members directly, and cannot release an exempt one.
    """

    attached: bool = False
    in_group: bool = False
    other_groups: frozenset[str] = frozenset()

    @property
    def detachable(self) -> bool:
        """Return whether a release has anything to detach."""
        return self.attached or self.in_group

    def enforced(self, *, group_enforces: bool = True) -> bool:
        """Return whether the policy reaches the user, directly or through the group.

        Only the sweep checks and repairs that the group carries the policy; other callers assume it.
        """
        return self.attached or (self.in_group and group_enforces)

    @property
    def denied(self) -> bool:
        """Return whether the policy denies the user everything but enrolment, through us or another group."""
        return self.enforced() or bool(self.other_groups)


NOT_COVERED = PolicyCoverage()


@dataclass(frozen=True, slots=True)
class AccountUser:
    """A user as IAM returns it now."""

    user: User
    coverage: PolicyCoverage


def may_still_appear(done: datetime, now: datetime) -> bool:
    """Return whether a change that was made at that time may not be visible in IAM yet."""
    return now - done < APPEARS_WITHIN
