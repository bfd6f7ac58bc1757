"""Renders mails: one template for each kind and language, in two layouts, text and HTML."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from aws.ses.sender import RenderedMail
from domain.account import Account
from domain.enrolment.devices import kind_of
from domain.mail.decision import Mail
from domain.text import plain

_MAILS = Path(__file__).parent / "mails"
_LONGEST_SUBJECT = 150
_MORE_THAN_A_BLANK_LINE = re.compile(r"\n{3,}")


def render(mail: Mail, account: Account, contact: str, *, help_url: str = "", reply_to: str = "") -> RenderedMail:
    """Return the rendered mail; `contact` is where to ask, empty for the person who gave them their user.

    `help_url` is a page to read, and `reply_to` the address that gets replies; both may be empty.

    Names that users can choose stay text in both layouts: HTML escapes them, and the subject stays on one line.
    """
    values = {
        "mail": mail,
        "account": account,
        "contact": contact,
        "help_url": help_url,
        "reply_to": reply_to,
        "device": kind_of(mail.serial_number) if mail.serial_number else None,
        "user_arn": account.user_arn(mail.path, mail.user_name),
    }
    template = f"{mail.language}/{mail.kind}.jinja"
    as_text, as_html = (_environment(layout).get_template(template) for layout in ("text", "html"))
    return RenderedMail(
        subject=plain(str(as_text.make_module(values).subject), _LONGEST_SUBJECT),  # type: ignore[attr-defined]  # set in it
        text=_MORE_THAN_A_BLANK_LINE.sub("\n\n", as_text.render(values)).strip() + "\n",
        html=as_html.render(values),
    )


@cache
def _environment(layout: str) -> Environment:
    """Return the environment with layout.jinja and blocks.jinja of one layout, text or HTML."""
    environment = Environment(
        loader=FileSystemLoader([_MAILS / layout, _MAILS]),
        autoescape=layout == "html",  # noqa: S701  (the other layout is plain text)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["flow"] = flow
    return environment


def flow(text: str) -> str:
    """Join the lines of a paragraph with spaces, but without them in Japanese."""
    joined = re.sub(r"\s*\n\s*", _joint, str(text).strip())
    return Markup(joined) if isinstance(text, Markup) else joined  # noqa: S704  (it was markup before)


def _joint(gap: re.Match[str]) -> str:
    before, after = gap.string[gap.start() - 1], gap.string[gap.end()]
    return "" if _is_wide(before) or _is_wide(after) else " "


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
