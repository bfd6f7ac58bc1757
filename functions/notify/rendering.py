"""Renders mails: one template for each kind and language, in two layouts, text and HTML."""

import re
import traceback
import unicodedata
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from aws.ses.sender import RenderedMail
from domain.account import Account
from domain.enrolment.devices import kind_of
from domain.mail.decision import Mail
from domain.text import plain

_MAILS = Path(__file__).parent / "mails"
_LONGEST_SUBJECT = 150
_MORE_THAN_A_BLANK_LINE = re.compile(r"\n{3,}")


class BrokenTemplate(ValueError):
    """A template of ops cannot be rendered: its name, the line if it is known, and the cause."""

    def __init__(self, name: str, line: int | None, cause: str) -> None:
        super().__init__(f"{name}, line {line}: {cause}" if line else f"{name}: {cause}")
        self.name, self.line, self.cause = name, line, cause


class MailTemplates:
    """The built-in templates, and the texts that take the place of some, by name such as `en/welcome.jinja`.

    The texts are run in a sandbox ("Sandbox" in the Jinja documentation): they reach the values of the mail only.
    """

    def __init__(self, replaced: Mapping[str, str] = MappingProxyType({})) -> None:
        self.replaced = replaced

    def broken(self) -> list[BrokenTemplate]:
        """Return the texts that cannot be compiled, each with its fault."""
        found = []
        for name, text in self.replaced.items():
            try:
                self._html.compile(text, name, name)
            except TemplateSyntaxError as error:
                found.append(_fault_of(error, name, self.replaced))
        return found

    def render(
        self, mail: Mail, account: Account, contact: str, *, help_url: str = "", reply_to: str = ""
    ) -> RenderedMail:
        """Return the rendered mail; `contact` is where to ask, empty for the person who gave them their user.

        `help_url` is a page to read, and `reply_to` the address that gets replies; both may be empty. Names that users
        can choose stay text in both layouts: HTML escapes them, and the subject stays on one line. Raises
        BrokenTemplate because of a text that is not built in.
        """
        name = f"{mail.language}/{mail.kind}.jinja"
        values = {
            "mail": mail,
            "account": account,
            "contact": contact,
            "help_url": help_url,
            "reply_to": reply_to,
            "device": kind_of(mail.serial_number) if mail.serial_number else None,
            "user_arn": account.user_arn(mail.path, mail.user_name),
        }
        try:
            return self._rendered(name, values)
        except Exception as error:
            if not self.replaced:
                raise
            raise _fault_of(error, name, self.replaced) from error

    def _rendered(self, name: str, values: Mapping[str, object]) -> RenderedMail:
        as_text, as_html = self._text.get_template(name), self._html.get_template(name)
        # Rendered before the module is made, because only then Jinja knows the line of an error.
        text = _MORE_THAN_A_BLANK_LINE.sub("\n\n", as_text.render(values)).strip() + "\n"
        module = as_text.make_module(dict(values))
        subject = plain(str(getattr(module, "subject", "")), _LONGEST_SUBJECT)
        if not subject:
            raise BrokenTemplate(name, None, "it sets no subject")
        return RenderedMail(subject=subject, text=text, html=as_html.render(values))

    @cached_property
    def _text(self) -> Environment:
        return self._environment("text")

    @cached_property
    def _html(self) -> Environment:
        return self._environment("html")

    def _environment(self, layout: str) -> Environment:
        """Return the environment with layout.jinja and blocks.jinja of one layout, text or HTML."""
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([_Replaced(layout, self.replaced), FileSystemLoader([_MAILS / layout, _MAILS])]),
            autoescape=layout == "html",
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["flow"] = flow
        return environment


class _Replaced(BaseLoader):
    """Loads the texts of ops; the name stands for the file in errors."""

    def __init__(self, layout: str, texts: Mapping[str, str]) -> None:
        self._layout, self._texts = layout, texts

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002  (Jinja's)
        for name in (f"{self._layout}/{template}", template):
            if name in self._texts:
                return self._texts[name], name, lambda: True
        raise TemplateNotFound(template)


def template_names() -> list[str]:
    """Return the names of the built-in templates, such as `en/welcome.jinja`."""
    return sorted(path.relative_to(_MAILS).as_posix() for path in _MAILS.rglob("*.jinja"))


def _fault_of(error: Exception, template: str, texts: Mapping[str, str]) -> BrokenTemplate:
    """Return the fault with the place of the error that is nearest to it in the texts of ops."""
    if isinstance(error, BrokenTemplate):
        return error
    if isinstance(error, TemplateSyntaxError):
        return BrokenTemplate(error.name or template, error.lineno, error.message or str(error))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in texts]
    name, line = (frames[-1].filename, frames[-1].lineno) if frames else (template, None)
    return BrokenTemplate(name, line, f"{type(error).__name__}: {error}")


def flow(text: str) -> str:
    """Join the lines of a paragraph with spaces, but without them in Japanese."""
    joined = re.sub(r"\s*\n\s*", _joint, str(text).strip())
    return Markup(joined) if isinstance(text, Markup) else joined  # noqa: S704  (it was markup before)


def _joint(gap: re.Match[str]) -> str:
    before, after = gap.string[gap.start() - 1], gap.string[gap.end()]
    return "" if _is_wide(before) or _is_wide(after) else " "


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


BUILT_IN = MailTemplates()
render = BUILT_IN.render
