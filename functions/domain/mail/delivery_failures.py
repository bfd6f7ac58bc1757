"""What became of a mail after SES had taken it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.text import plain

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A mail that came to nothing: to whom it went, at which of the addresses it failed, and how.

    `user_id` is None where the mail bore none, which is then none of ours. What is `passing` says nothing of the
    address: a mailbox that is full, a server that is down, an answer from somebody on holiday.
    """

    user_id: str | None
    to: Sequence[str]
    failed: Mapping[str, str]
    transient: bool = False


@dataclass(frozen=True, slots=True)
class AddressFailure:
    """A person's own address failed."""

    user_id: str
    address: str
    reason: str


class NoFailure(StrEnum):
    """Why feedback says nothing about a person's address."""

    NOT_OURS = "the mail is none of ours"
    PASSING = "the address may be good: the next mail will tell"
    MANAGER = "the manager's address failed, not the person's"


def address_failure_of(feedback: DeliveryReport) -> AddressFailure | NoFailure:
    """Tell whether it was the person's own address; an escalation goes to the manager as well."""
    if feedback.user_id is None:
        return NoFailure.NOT_OURS
    if feedback.transient:
        return NoFailure.PASSING
    own = {address.casefold(): address for address in feedback.to}
    for address, reason in feedback.failed.items():
        if address.casefold() in own:
            return AddressFailure(feedback.user_id, own[address.casefold()], plain(reason, _LONGEST_REASON))
    return NoFailure.MANAGER
