"""Whether the policy is detached from a user because a deletion of the user failed."""

from domain.users import PolicyCoverage

# Without a limit, a caller of DeleteUser who fails on purpose could keep the policy off permanently.
MOST_PER_WEEK = 3


def blocks_deletion(coverage: PolicyCoverage, message: str | None) -> bool:
    """Return whether our policy or group is the obstacle that IAM names; it names one at a time.

    Only the message says what must go first: "must detach all policies", "must remove users from group", and for
    what is not ours "must delete login profile", "must delete access keys". A record without a message may mean us.
    """
    if not message:
        return coverage.detachable
    return (coverage.attached and "detach" in message) or (coverage.in_group and "from group" in message)


def deletion_grace_left(times_this_week: int) -> bool:
    """Return whether to detach the policy for a deletion again, after so many times this week."""
    return times_this_week < MOST_PER_WEEK
