"""Mails that SES accepted and could not deliver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.text import plain

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A mail that failed: its recipients, and the reason for each address that `failed`.

    `user_id` is None if the mail has no such tag, so it is not ours. A `transient` failure says nothing about the
    address: a full mailbox, a server that is down, an out-of-office reply.
    """

    user_id: str | None
    to: Sequence[str]
    failed: Mapping[str, str]
    transient: bool = False


@dataclass(frozen=True, slots=True)
class AddressFailure:
    """A failure of a person's own address."""

    user_id: str
    address: str
    reason: str


class NoFailure(StrEnum):
    """Why a delivery report says nothing about a person's address."""

    NOT_OURS = "the mail is not ours"
    PASSING = "the failure may be temporary: the next mail will show"
    MANAGER = "the manager's address failed, not the person's"


def address_failure_of(feedback: DeliveryReport) -> AddressFailure | NoFailure:
    """Return the failure of the person's own address, if it is that; an escalation also goes to the manager."""
    if feedback.user_id is None:
        return NoFailure.NOT_OURS
    if feedback.transient:
        return NoFailure.PASSING
    own = {address.casefold(): address for address in feedback.to}
    for address, reason in feedback.failed.items():
        if address.casefold() in own:
            return AddressFailure(feedback.user_id, own[address.casefold()], plain(reason, _LONGEST_REASON))
    return NoFailure.MANAGER
