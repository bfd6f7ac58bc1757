"""The address a user's mail goes to, or the reason there is none."""

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.users import User

# Less than RFC 5322 allows, on purpose: an atom needs no quoting in any header, so nothing in it can start another
# header, another recipient or a display name.
_LOCAL = r"[A-Za-z0-9_+=/-]+(?:\.[A-Za-z0-9_+=/-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@{_DOMAIN}", re.ASCII)

# RFC 5321, 4.5.3.1: the longest address that a mail server must accept.
_LONGEST = 254
_LONGEST_LOCAL = 64

# The tag with the address of the manager, who gets a copy of escalations.
MANAGER_TAG_KEY = "manager-email"


def is_address(text: str) -> bool:
    """Return whether a text is one plain e-mail address: no display name, no comment, no quoting, ASCII only."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(text) <= _LONGEST and len(match["local"]) <= _LONGEST_LOCAL


def is_domain(text: str) -> bool:
    """Return whether a text may follow the @ of such an address."""
    return re.fullmatch(_DOMAIN, text, re.ASCII) is not None


class Unreachable(StrEnum):
    """Why a user gets no mail."""

    NO_ADDRESS = "no address: neither a tag, nor the name, nor a default domain gives one"
    NO_VALID_ADDRESS = "the address in the tag is not valid"
    DOMAIN_NOT_ALLOWED = "the address is outside the allowed domains"


@dataclass(frozen=True, slots=True)
class Recipient:
    """The addresses of a reminder; `manager`, if there is one, gets a copy of an escalation."""

    to: str
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Ops' rules. They limit the principals that may tag users, because a tag decides where mail goes.

    `tag_key` is the key of the tag with the address, `default_domain` the domain that is appended to a user name
    (empty: none). Mail may go to the `allowed_domains` only (empty: to any domain).
    """

    tag_key: str
    default_domain: str
    allowed_domains: frozenset[str]

    def recipient_of(self, user: User) -> Recipient | Unreachable:
        """Return the user's address: the tag, else the user name, else the name at the default domain."""
        address = self._address_of(user)
        if isinstance(address, Unreachable):
            return address
        if not self._allows(address):
            return Unreachable.DOMAIN_NOT_ALLOWED
        return Recipient(address, self._manager_of(user, address))

    def _manager_of(self, user: User, address: str) -> str | None:
        """Return the manager's address; a manager who is also the recipient gets only one mail."""
        manager = user.tag(MANAGER_TAG_KEY)
        is_another = manager.casefold() != address.casefold()
        return manager if is_address(manager) and self._allows(manager) and is_another else None

    def _address_of(self, user: User) -> str | Unreachable:
        tagged = user.tag(self.tag_key)
        if tagged:
            # Do not fall back to the name if the tag is mistyped: the name may be somebody else's address.
            return tagged if is_address(tagged) else Unreachable.NO_VALID_ADDRESS
        if is_address(user.name):
            return user.name
        guessed = f"{user.name}@{self.default_domain}"
        return guessed if self.default_domain and is_address(guessed) else Unreachable.NO_ADDRESS

    def _allows(self, address: str) -> bool:
        return not self.allowed_domains or address.rpartition("@")[2].casefold() in self.allowed_domains
