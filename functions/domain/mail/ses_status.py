"""Whether SES can send mail for this account, for the digest."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class SendingState:
    """What SES allows this account ("GetAccount" in the Amazon SES API v2 Reference); quotas count recipients.

    `verified` means that SES has verified the sender's address or domain. A `most_per_day` of -1 is no limit.
    """

    verified: bool
    production: bool
    enabled: bool
    most_per_day: float
    sent_today: float


class NoSending(StrEnum):
    """Why the state is not known."""

    NO_SENDER = "no sender is set"
    UNREADABLE = "SES did not say"


_UNKNOWN = {
    NoSending.NO_SENDER: "Users get no mail, because the parameter SenderEmail is empty. Only this digest is sent.",
    NoSending.UNREADABLE: "SES did not say whether it can send. Reminders were queued anyway.",
}


def room_for(state: SendingState | NoSending) -> int | None:
    """Return how many more recipients SES allows within the 24 hours, None if there is no limit or it is unknown."""
    if isinstance(state, NoSending) or state.most_per_day < 0:
        return None
    return max(0, int(state.most_per_day - state.sent_today))


def sending_problem(state: SendingState | NoSending) -> str | None:
    """Return why users get no mail, as a sentence for ops, or None if they do."""
    if isinstance(state, NoSending):
        return _UNKNOWN[state]
    match state:
        case SendingState(enabled=False):
            return "SES has paused sending for this account: no mail goes out. See the SES console, Account dashboard."
        case SendingState(verified=False):
            return "SES has not verified the sender or its domain: no mail goes out until it has. See SenderEmail."
        case SendingState(production=False):
            return (
                "SES is in the sandbox: only verified addresses get mail. Ask for production access in the SES console."
            )
        case SendingState(most_per_day=most, sent_today=sent) if 0 <= most <= sent:
            return f"SES has sent its quota of {most:.0f} mails in 24 hours and refuses more until that goes down."
        case _:
            return None
