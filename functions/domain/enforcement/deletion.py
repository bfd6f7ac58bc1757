"""When a user is let go because somebody could not delete the user, and when no more."""

from domain.users import PolicyCoverage

# Whoever may call DeleteUser, and fail at it on purpose, could otherwise keep the policy off for good.
MOST_PER_WEEK = 3


def blocks_deletion(coverage: PolicyCoverage, message: str | None) -> bool:
    """Tell whether what holds the user is what IAM complains of, one thing at a time.

    IAM says only in the message what must go first: "must detach all policies", "must remove users from group", and of
    what is not ours "must delete login profile", "must delete access keys". A record without one may mean us.
    """
    if not message:
        return coverage.detachable
    return (coverage.attached and "detach" in message) or (coverage.in_group and "from group" in message)


def deletion_grace_left(times_this_week: int) -> bool:
    """Tell whether to let a user go who was let go so often this week to be deleted."""
    return times_this_week < MOST_PER_WEEK
