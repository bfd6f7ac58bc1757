"""Where a person is written to, and why not where not."""

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

# RFC 5321, 4.5.3.1: the most that a mail server must take.
_LONGEST = 254
_LONGEST_LOCAL = 64

# The tag that names who is told when a person does not enrol.
MANAGER_TAG_KEY = "manager-email"


def is_address(text: str) -> bool:
    """Tell whether a text is one plain e-mail address: no display name, no comment, no quoting, ASCII only."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and len(text) <= _LONGEST and len(match["local"]) <= _LONGEST_LOCAL


def is_domain(text: str) -> bool:
    """Tell whether a text is what may stand behind the @ of such an address."""
    return re.fullmatch(_DOMAIN, text, re.ASCII) is not None


class Unreachable(StrEnum):
    """Why nobody can be written to."""

    NO_ADDRESS = "no address: neither a tag, nor the name, nor a default domain gives one"
    NO_VALID_ADDRESS = "the address in the tag is not valid"
    DOMAIN_NOT_ALLOWED = "the address is outside the allowed domains"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a reminder goes; `manager` is who else is told on escalation, if somebody is."""

    to: str
    manager: str | None = None


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Ops' rules, where whoever may tag users chooses where mail goes.

    The key of the tag with the address, the domain that is appended to a user name (empty: none is), and the domains
    that mail may go to (none: any).
    """

    tag_key: str
    default_domain: str
    allowed_domains: frozenset[str]

    def recipient_of(self, user: User) -> Recipient | Unreachable:
        """Return where the user is written to: the tag, else the user name, else the name at the default domain."""
        address = self._address_of(user)
        if isinstance(address, Unreachable):
            return address
        if not self._allows(address):
            return Unreachable.DOMAIN_NOT_ALLOWED
        return Recipient(address, self._manager_of(user, address))

    def _manager_of(self, user: User, address: str) -> str | None:
        """Return who else is told; nobody is told twice of their own user."""
        manager = user.tag(MANAGER_TAG_KEY)
        is_another = manager.casefold() != address.casefold()
        return manager if is_address(manager) and self._allows(manager) and is_another else None

    def _address_of(self, user: User) -> str | Unreachable:
        tagged = user.tag(self.tag_key)
        if tagged:
            # A mistyped tag is not passed over: the name may be somebody else's address.
            return tagged if is_address(tagged) else Unreachable.NO_VALID_ADDRESS
        if is_address(user.name):
            return user.name
        guessed = f"{user.name}@{self.default_domain}"
        return guessed if self.default_domain and is_address(guessed) else Unreachable.NO_ADDRESS

    def _allows(self, address: str) -> bool:
        return not self.allowed_domains or address.rpartition("@")[2].casefold() in self.allowed_domains
