"""The mail settings in the environment of the functions that plan and send mail."""

from dataclasses import dataclass

from domain.contact.addresses import AddressRules, is_address, is_domain
from domain.contact.languages import Language
from domain.exemptions import ExemptionRules
from domain.input.settings import (
    Environment,
    FunctionSettings,
    InvalidSetting,
    exemptions,
    items,
    one_of,
    present,
    setting,
    words,
)

_DOMAIN = "a domain such as example.com"


def address_rules(environment: Environment, _: str) -> AddressRules:
    """Return the address rules from their three variables; raises InvalidSetting."""
    default = present(environment, "DEFAULT_EMAIL_DOMAIN", f"{_DOMAIN}, or nothing")
    allowed = items(environment, "ALLOWED_EMAIL_DOMAINS", f"domains, comma-separated, each {_DOMAIN}")
    return AddressRules(
        tag_key=present(environment, "EMAIL_TAG_KEY", "a tag key, or nothing"),
        default_domain=_domain("DEFAULT_EMAIL_DOMAIN", default) if default else "",
        allowed_domains=frozenset(_domain("ALLOWED_EMAIL_DOMAINS", domain) for domain in allowed),
    )


def _domain(name: str, value: str) -> str:
    if not is_domain(value):
        raise InvalidSetting(name, _DOMAIN, value)
    return value.casefold()


def sender(environment: Environment, name: str) -> str:
    """Return the address that mail is sent from, empty if no mail is sent; raises InvalidSetting."""
    expected = "one plain address, or nothing"
    value = present(environment, name, expected)
    if value and not is_address(value):
        raise InvalidSetting(name, expected, value)
    return value


@dataclass(frozen=True, slots=True)
class MailSettings(FunctionSettings):
    """The settings that the functions that plan and send mail share; if `sender` is empty, users get no mail."""

    exemptions: ExemptionRules = setting(exemptions)
    addresses: AddressRules = setting(address_rules)
    default_language: Language = setting(one_of(Language))
    sender: str = setting(sender, variable="SENDER_EMAIL")
    people_table: str = setting(words("the name of a table"))
    ses_region: str = setting(words("a Region"))
