"""What is to happen to a user, and why."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.exemptions import Exemption, ExemptionRules
from domain.users import User

# IAM is eventually consistent ("Troubleshoot IAM": changes are not always immediately visible). A user whom IAM does
# not know is given this long to appear; after that somebody has deleted the user.
APPEARS_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Attach:
    """The enforcement policy belongs on this user."""

    user: User


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """The user is exempt."""

    user: User
    exemption: Exemption


def decide_enforcement(user: User, rules: ExemptionRules, today: date) -> Attach | LeaveAlone:
    """Decide about a user who was just created and so carries no policy of ours yet."""
    exemption = rules.exemption_of(user, today)
    return Attach(user) if exemption is None else LeaveAlone(user, exemption)


def may_still_appear(created: datetime, now: datetime) -> bool:
    """Tell whether IAM may yet come to know a user created at that time, or the user is gone."""
    return now - created < APPEARS_WITHIN
