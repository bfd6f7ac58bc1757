"""Whether mail can be sent at all, as ops need to know it."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class SendingState:
    """What SES allows this account ("GetAccount" in the Amazon SES API v2 Reference); quotas count mails."""

    production: bool
    enabled: bool
    most_per_day: float
    sent_today: float


class NoSending(StrEnum):
    """Why there is no such state."""

    NO_SENDER = "no sender is set"
    UNREADABLE = "SES did not say"


def trouble_with(state: SendingState | NoSending) -> str | None:
    """Return what keeps mail from people, in a sentence for ops, or None where nothing does."""
    match state:
        case NoSending.NO_SENDER:
            return "No mail goes to people: the parameter SenderEmail is empty. This digest is all there is."
        case NoSending.UNREADABLE:
            return "SES did not say whether it can send. Reminders were queued all the same."
        case SendingState(enabled=False):
            return "SES has paused sending for this account: no mail goes out. See the SES console, Account dashboard."
        case SendingState(production=False):
            return (
                "SES is in the sandbox: only verified addresses get mail. Ask for production access in the SES console."
            )
        case SendingState(most_per_day=most, sent_today=sent) if 0 <= most <= sent:
            return f"SES has sent its {most:.0f} mails of the last 24 hours: more will be refused until that goes down."
        case _:
            return None
