"""When a user is let go because somebody could not delete the user, and when no more."""

from domain.users import Standing

# Whoever may call DeleteUser, and fail at it on purpose, could otherwise keep the policy off for good.
MOST_A_WEEK = 3


def stands_in_the_way(standing: Standing, message: str | None) -> bool:
    """Tell whether what holds the user is what IAM complains of, one thing at a time.

    IAM says only in the message what must go first: "must detach all policies", "must remove users from group", and of
    what is not ours "must delete login profile", "must delete access keys". A record without one may mean us.
    """
    if not message:
        return standing.held
    return (standing.attached and "detach" in message) or (standing.in_group and "from group" in message)


def gives_way(times_this_week: int) -> bool:
    """Tell whether to let a user go who was let go so often this week to be deleted."""
    return times_this_week < MOST_A_WEEK
