"""The address of a user: in the right order, within the allowed domains, never with an injected header."""

from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact.addresses import AddressRules, Recipient, Unreachable, is_address
from domain.users import User

RULES = AddressRules(tag_key="email", default_domain="", allowed_domains=frozenset())
COMPANY = replace(RULES, default_domain="example.com", allowed_domains=frozenset({"example.com"}))


def user(name: str = "alice", **tags: str) -> User:
    named = {key.replace("_", "-"): value for key, value in tags.items()}
    return User(name, "AIDAEXAMPLEALICE", "/", named, datetime(2026, 11, 1, tzinfo=UTC))


def test_order_of_sources() -> None:
    """The tag precedes the name, and the name precedes the default domain."""
    tagged = COMPANY.recipient_of(user("bob@example.com", email="tag@example.com"))
    named = COMPANY.recipient_of(user("bob@example.com"))
    guessed = COMPANY.recipient_of(user("bob"))

    assert (tagged, named, guessed) == tuple(
        Recipient(address) for address in ("tag@example.com", "bob@example.com", "bob@example.com")
    )


def test_no_address() -> None:
    """Without any of them the user has no address."""
    assert RULES.recipient_of(user("bob")) is Unreachable.NO_ADDRESS


def test_name_without_address() -> None:
    """A name that is not valid in an address gets no default domain."""
    assert COMPANY.recipient_of(user("a,b")) is Unreachable.NO_ADDRESS


def test_mistyped_tag() -> None:
    """A mistyped tag makes the user unreachable."""
    assert COMPANY.recipient_of(user("bob@example.com", email="bob@@example")) is Unreachable.NO_VALID_ADDRESS


def test_tag_key_in_any_case() -> None:
    """The key of the tag is not case-sensitive."""
    assert RULES.recipient_of(user(Email=" alice@example.com ")) == Recipient("alice@example.com")


def test_empty_tag_key() -> None:
    """An empty tag key means that no tag is read."""
    rules = replace(RULES, tag_key="")

    assert rules.recipient_of(user("bob", email="bob@example.com")) is Unreachable.NO_ADDRESS


@pytest.mark.parametrize("address", ["eve@evil.example", "eve@sub.example.com", "eve@notexample.com"])
def test_allowed_domains(address: str) -> None:
    """Mail goes only to the allowed domains."""
    assert COMPANY.recipient_of(user(email=address)) is Unreachable.DOMAIN_NOT_ALLOWED


def test_domain_in_any_case() -> None:
    """Domains are not case-sensitive."""
    assert COMPANY.recipient_of(user(email="Alice@EXAMPLE.com")) == Recipient("Alice@EXAMPLE.com")


@pytest.mark.parametrize(
    ("manager", "expected"),
    [("lead@example.com", "lead@example.com"), ("lead@evil.example", None), ("lead", None), ("", None)],
)
def test_manager_address(manager: str, expected: str | None) -> None:
    """The manager gets mail only at an allowed address."""
    recipient = COMPANY.recipient_of(user(manager_email=manager))

    assert recipient == Recipient("alice@example.com", expected)


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "@example.com",
        "alice@",
        "alice@localhost",
        "alice@example.com, eve@evil.example",
        "alice@example.com\r\nBcc: eve@evil.example",
        "alice@example.com\n",
        "Alice <alice@example.com>",
        '"a b"@example.com',
        "alice@-example.com",
        "alice@example..com",
        ".alice@example.com",
        "alice@[127.0.0.1]",
        "alice@exämple.com",
        "alicе@example.com",  # noqa: RUF001  (a Cyrillic letter)
        "alice@example.com\u2028",
        "alice%evil.example@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + "." + "e" * 63 + ".com",
    ],
)
def test_not_an_address(text: str) -> None:
    """A text that is not one plain address is refused."""
    assert not is_address(text)


@given(st.from_regex(r"[\w+=,.@/ <>\"\r\n-]{1,30}@[\w.-]{1,20}", fullmatch=True))
def test_address_in_header(text: str) -> None:
    """An accepted address appears in a header unchanged and alone."""
    if not is_address(text):
        return
    mail = EmailMessage()

    mail["To"] = text

    assert mail["To"].addresses == (Address(addr_spec=text),)
    assert text.isascii()


def test_own_manager() -> None:
    """A manager's address that is the person's own leads to no second copy of the mail."""
    user = User(
        "lead",
        "AIDALEAD",
        "/",
        {"email": "lead@example.com", "manager-email": "Lead@example.com"},
        datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert AddressRules("email", "", frozenset()).recipient_of(user) == Recipient("lead@example.com", None)
