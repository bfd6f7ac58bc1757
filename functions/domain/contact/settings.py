"""What ops chose about mail, as the functions that plan it and that send it read it from their environment."""

from collections.abc import Mapping

from domain.contact.addresses import AddressRules, is_address, is_domain
from domain.contact.languages import Language
from domain.input import settings
from domain.input.settings import InvalidSetting

_DOMAIN = "a domain such as example.com"


def address_rules(environment: Mapping[str, str]) -> AddressRules:
    """Return where mail may go; raises InvalidSetting."""
    default = settings.present(environment, "DEFAULT_EMAIL_DOMAIN", f"{_DOMAIN}, or nothing")
    allowed = settings.items(environment, "ALLOWED_EMAIL_DOMAINS", f"domains, comma-separated, each {_DOMAIN}")
    return AddressRules(
        tag_key=settings.present(environment, "EMAIL_TAG_KEY", "a tag key, or nothing"),
        default_domain=_domain("DEFAULT_EMAIL_DOMAIN", default) if default else "",
        allowed_domains=frozenset(_domain("ALLOWED_EMAIL_DOMAINS", domain) for domain in allowed),
    )


def _domain(name: str, value: str) -> str:
    if not is_domain(value):
        raise InvalidSetting(name, _DOMAIN, value)
    return value.casefold()


def sender(environment: Mapping[str, str]) -> str:
    """Return the address that mail comes from, nothing if none goes out; raises InvalidSetting."""
    expected = "one plain address, or nothing"
    value = settings.present(environment, "SENDER_EMAIL", expected)
    if value and not is_address(value):
        raise InvalidSetting("SENDER_EMAIL", expected, value)
    return value


def language(environment: Mapping[str, str]) -> Language:
    """Return the language of people without a tag; raises InvalidSetting."""
    expected = f"one of {', '.join(Language)}"
    value = settings.text(environment, "DEFAULT_LANGUAGE", expected)
    if value not in set(Language):
        raise InvalidSetting("DEFAULT_LANGUAGE", expected, value)
    return Language(value)
