"""The parameters of mails: the template takes what the function takes, and nothing else."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.contact.settings import sender
from domain.input.settings import Environment, InvalidSetting
from notify.settings import bucket_location, display_name, url
from tests.infrastructure.test_parameters import PARAMETERS, takes, values_of

READERS: dict[str, Callable[[Environment, str], str]] = {
    "SenderName": display_name,
    "ReplyTo": sender,
    "HelpUrl": url,
    "MailTemplatesBucket": bucket_location,
}
CHARACTERS = st.sampled_from(
    ["\r", "\n", "\x00", "\x7f", " ", '"', "<", ">", "\\", "@", "=", "?", ",", "é", "名", "'", "#"]
)


def is_read(parameter: str, value: str) -> bool:
    """Tell whether the function takes a value."""
    try:
        READERS[parameter]({"VARIABLE": value}, "VARIABLE")
    except InvalidSetting:
        return False
    return True


@pytest.mark.parametrize("parameter", READERS)
@given(data=st.data())
def test_same_values(parameter: str, data: st.DataObject) -> None:
    """A value that a deployment takes is one that the function takes; so is one with a character more anywhere."""
    value = data.draw(values_of(parameter) | st.text(st.characters(codec="utf-8"), max_size=45))
    place = data.draw(st.integers(0, len(value)))
    changed = value[:place] + data.draw(CHARACTERS) + value[place:]

    for candidate in (value, changed):
        assert takes(parameter, candidate) == is_read(parameter, candidate), candidate


@pytest.mark.parametrize("parameter", READERS)
@given(value=st.text(st.characters(codec="utf-8"), max_size=45))
@example(value="a\r\nBcc: x@example.com")
@example(value="mfa@example.com\n")
@example(value="https://example.com/\r\n")
@example(value='https://example.com/"><img src=x>')
def test_no_header(parameter: str, value: str) -> None:
    """No value with a control character, a quotation mark or an angle bracket is taken."""
    if re.search(r'[\x00-\x1f\x7f<>"]', value):
        assert not takes(parameter, value)
        assert not is_read(parameter, value)


@pytest.mark.parametrize("address", ["http://example.com/", "javascript:alert(1)", "https://", "https://a b/", "//a/"])
def test_no_page(address: str) -> None:
    """A help page that mails could not link to is refused."""
    assert takes("HelpUrl", "https://wiki.example.com:8443/mfa/start?lang=ja#step-1")
    assert not takes("HelpUrl", address)


@pytest.mark.parametrize(
    ("parameter", "longest"),
    [
        ("SenderName", "a" * 40),
        ("HelpUrl", f"https://example.com/{'a' * 480}"),
        ("ReplyTo", f"a@{'b' * 60}.{'c.' * 94}com"),
    ],
)
def test_longest(parameter: str, longest: str) -> None:
    """The longest value is taken, and one with a character more is not."""
    for value, taken in ((longest, True), (longest + "a", False)):
        assert (takes(parameter, value), is_read(parameter, value)) == (taken, taken), len(value)


@pytest.mark.parametrize(
    "location", ["*", "example-mails/*", "example-mails/", "example-mails/?", "s3://example", "ab"]
)
def test_no_bucket(location: str) -> None:
    """A location with a wildcard of IAM, or one that is no bucket, is refused."""
    assert takes("MailTemplatesBucket", "example-mails/mfa/v1")
    assert not takes("MailTemplatesBucket", location)


def test_defaults() -> None:
    """Without a choice of ops nothing is set."""
    assert {PARAMETERS[name]["Default"] for name in READERS} == {""}
