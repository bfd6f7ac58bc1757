"""What became of a mail after SES had taken it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.text import plain

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Feedback:
    """A mail that came to nothing: to whom it went, at which of the addresses it failed, and how.

    `user_id` is None where the mail bore none, which is then none of ours. What is `passing` says nothing of the
    address: a mailbox that is full, a server that is down, an answer from somebody on holiday.
    """

    user_id: str | None
    to: Sequence[str]
    failed: Mapping[str, str]
    passing: bool = False


@dataclass(frozen=True, slots=True)
class AddressTrouble:
    """A person's own address failed."""

    user_id: str
    address: str
    reason: str


class NoTrouble(StrEnum):
    """Why feedback says nothing about a person's address."""

    NOT_OURS = "the mail is none of ours"
    PASSING = "the address may be good: the next mail will tell"
    MANAGER = "the manager's address failed, not the person's"


def trouble_of(feedback: Feedback) -> AddressTrouble | NoTrouble:
    """Tell whether it was the person's own address; an escalation goes to the manager as well."""
    if feedback.user_id is None:
        return NoTrouble.NOT_OURS
    if feedback.passing:
        return NoTrouble.PASSING
    own = {address.casefold(): address for address in feedback.to}
    for address, reason in feedback.failed.items():
        if address.casefold() in own:
            return AddressTrouble(feedback.user_id, own[address.casefold()], plain(reason, _LONGEST_REASON))
    return NoTrouble.MANAGER
