"""Where a person is written to: in the right order, within the allowed domains, never through an injected header."""

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


def test_the_tag_goes_before_the_name_and_the_name_before_the_domain() -> None:
    tagged = COMPANY.recipient_of(user("bob@example.com", email="tag@example.com"))
    named = COMPANY.recipient_of(user("bob@example.com"))
    guessed = COMPANY.recipient_of(user("bob"))

    assert (tagged, named, guessed) == tuple(
        Recipient(address) for address in ("tag@example.com", "bob@example.com", "bob@example.com")
    )


def test_without_any_of_them_nobody_is_written_to() -> None:
    assert RULES.recipient_of(user("bob")) is Unreachable.NO_ADDRESS


def test_a_name_that_makes_no_address_is_not_guessed() -> None:
    assert COMPANY.recipient_of(user("a,b")) is Unreachable.NO_ADDRESS


def test_a_mistyped_tag_is_not_passed_over() -> None:
    assert COMPANY.recipient_of(user("bob@example.com", email="bob@@example")) is Unreachable.NO_VALID_ADDRESS


def test_the_key_of_the_tag_is_told_apart_by_no_case() -> None:
    assert RULES.recipient_of(user(Email=" alice@example.com ")) == Recipient("alice@example.com")


def test_no_tag_key_means_no_tag() -> None:
    rules = replace(RULES, tag_key="")

    assert rules.recipient_of(user("bob", email="bob@example.com")) is Unreachable.NO_ADDRESS


@pytest.mark.parametrize("address", ["eve@evil.example", "eve@sub.example.com", "eve@notexample.com"])
def test_mail_stays_within_the_allowed_domains(address: str) -> None:
    assert COMPANY.recipient_of(user(email=address)) is Unreachable.DOMAIN_NOT_ALLOWED


def test_the_domain_is_told_apart_by_no_case() -> None:
    assert COMPANY.recipient_of(user(email="Alice@EXAMPLE.com")) == Recipient("Alice@EXAMPLE.com")


@pytest.mark.parametrize(
    ("manager", "told"),
    [("lead@example.com", "lead@example.com"), ("lead@evil.example", None), ("lead", None), ("", None)],
)
def test_the_manager_is_told_only_at_an_allowed_address(manager: str, told: str | None) -> None:
    recipient = COMPANY.recipient_of(user(manager_email=manager))

    assert recipient == Recipient("alice@example.com", told)


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
def test_what_is_not_one_plain_address_is_refused(text: str) -> None:
    assert not is_address(text)


@given(st.from_regex(r"[\w+=,.@/ <>\"\r\n-]{1,30}@[\w.-]{1,20}", fullmatch=True))
def test_whatever_is_accepted_stands_in_a_header_as_it_is_and_alone(text: str) -> None:
    if not is_address(text):
        return
    mail = EmailMessage()

    mail["To"] = text

    assert mail["To"].addresses == (Address(addr_spec=text),)
    assert text.isascii()


def test_nobody_is_their_own_manager() -> None:
    """A manager's address that is the person's own brings no second copy of the mail."""
    user = User(
        "lead",
        "AIDALEAD",
        "/",
        {"email": "lead@example.com", "manager-email": "Lead@example.com"},
        datetime(2026, 1, 1, tzinfo=UTC),
    )

    assert AddressRules("email", "", frozenset()).recipient_of(user) == Recipient("lead@example.com", None)
