"""How mails name their sender."""

from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws.ses.sender import Sender
from domain.input.settings import InvalidSetting
from notify.settings import display_name

ADDRESS = "mfa@example.com"


def is_taken(name: str) -> bool:
    try:
        display_name({"SENDER_NAME": name}, "SENDER_NAME")
    except InvalidSetting:
        return False
    return True


@given(st.text(st.characters(codec="utf-8"), max_size=40).filter(is_taken))
@example(name="運" * 40)
@example(name="Cloud team, (AWS)")
def test_header(name: str) -> None:
    """Each name that the function takes arrives in one line of ASCII, in encoded words of at most 75 characters."""
    header = Sender(ADDRESS, name).header

    shown, address = parseaddr(header)
    assert header.isascii()
    assert header.isprintable()
    assert address == ADDRESS
    assert str(make_header(decode_header(shown))).split() == name.split()
    assert all(len(word) <= 75 for word in header.split() if word.startswith("=?"))


def test_address_only() -> None:
    """Without a name, the sender is the address alone."""
    assert Sender(ADDRESS).header == ADDRESS


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nBcc: x@example.com",
        'Cloud" <x@example.com>',
        "x@example.com",
        "=?utf-8?q?a=0Ab?=",
        "a\\",
        " Cloud team",
        "Cloud team ",
        "a" * 41,
        "a\x7f",
        "a\x85",
    ],
)
def test_refused_names(name: str) -> None:
    """A name that could begin a header, end the quotation or pretend to be an address is refused."""
    assert not is_taken(name)
    assert is_taken("Cloud team, IT's (AWS)")
    assert is_taken("クラウド運用チーム")
