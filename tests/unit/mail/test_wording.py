"""What each sample mail says in both languages and both layouts, and how a mailbox shows it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from domain.account import Account
from domain.contact.languages import Language
from domain.mail.decision import Mail
from local.mails import samples
from notify.rendering import render

ACCOUNT = Account("aws", "111122223333", "example-corp")
CONTACT = "cloud-team@example.com"
SAMPLES = dict(samples())
REGISTERS = {
    name: mail for name, mail in SAMPLES.items() if "Passkey or security key" in render(mail, ACCOUNT, "").text
}
ENROLLED = {name: mail for name, mail in SAMPLES.items() if name.startswith("enrolled")}
WITH_CODES = {name: mail for name, mail in SAMPLES.items() if "get-session-token" in render(mail, ACCOUNT, "").text}


def each(mails: dict[str, Mail]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mail", mails.values(), ids=mails)


class Page(HTMLParser):
    """A page: each element with its attributes, the links, and the texts with the element that each is in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements = list[tuple[str, dict[str, str]]]()
        self.texts = list[tuple[dict[str, str], str]]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if data.strip() and self.elements:
            self.texts.append((self.elements[-1][1], data.strip()))

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.texts)

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]


def both_layouts(mail: Mail, account: Account = ACCOUNT) -> Iterator[str]:
    rendered = render(mail, account, CONTACT)
    yield rendered.text
    yield Page(rendered.html).text


def test_kinds() -> None:
    """Mails that ask for a device, that confirm one, and that name commands are among the samples."""
    languages = len(Language)

    assert len(REGISTERS) == 9 * languages
    assert len(ENROLLED) == 4 * languages
    assert len(WITH_CODES) == 4 * languages


@each(REGISTERS)
def test_passkey_first(mail: Mail) -> None:
    """A mail that asks for a device explains the passkey first, and then the app, with names of some."""
    for text in both_layouts(mail):
        assert 0 < text.index("Passkey or security key") < text.index("Authenticator app")
        for name in ("Touch ID", "Windows Hello", "Google Authenticator", "Microsoft Authenticator", "5a", "5b"):
            assert name in text


@each(REGISTERS)
def test_phone_only(mail: Mail) -> None:
    """A person with only a phone, which cannot scan its own screen, is told of the key to copy."""
    for text in both_layouts(mail):
        assert text.index("Show QR code") < text.index("Show secret key")


@each(ENROLLED)
def test_second_device(mail: Mail) -> None:
    """A mail that confirms a device asks for a second one, before it comes to the command line."""
    heading, command_line = {
        Language.ENGLISH: ("Register a second device", "On the command line"),
        Language.JAPANESE: ("予備のデバイスの登録", "コマンドラインでのご利用"),
    }[mail.language]
    rendered = render(mail, ACCOUNT, CONTACT)

    for text in (rendered.text, Page(rendered.html).text):
        assert text.index(heading) < text.index("Assign MFA device") < text.index(command_line)
    assert ACCOUNT.security_credentials_url in Page(rendered.html).links


@each(WITH_CODES)
def test_mfa_login_first(mail: Mail) -> None:
    """The one command of a recent AWS CLI comes first, with the version that has it, then the way of an older one."""
    for text in both_layouts(mail):
        assert text.index("2.30.3") < text.index("aws configure mfa-login") < text.index("aws sts get-session-token")


@each(SAMPLES)
@pytest.mark.parametrize(
    ("partition", "host"), [("aws", "console.aws.amazon.com"), ("aws-us-gov", "console.amazonaws-us-gov.com")]
)
def test_genuine(mail: Mail, partition: str, host: str) -> None:
    """Each mail says how to do without its links: the console's host to type, the account's number and the user."""
    question = {Language.ENGLISH: "Is this mail real?", Language.JAPANESE: "このメールが本物かどうか"}[mail.language]
    for text in both_layouts(mail, replace(ACCOUNT, partition=partition)):
        _, asked, answer = text.partition(question)
        assert asked
        for fact in (host, "111122223333", "alice"):
            assert fact in answer
        assert not re.search(r"https?://", answer)


@each(SAMPLES)
def test_greeting(mail: Mail) -> None:
    """Each mail addresses the person, right after the title."""
    greeting = {Language.ENGLISH: "Hello alice,", Language.JAPANESE: "alice 様"}[mail.language]
    rendered = render(mail, ACCOUNT, CONTACT)

    assert rendered.text.split("\n\n")[1] == greeting
    assert greeting in Page(rendered.html).text


@each(SAMPLES)
def test_preheader(mail: Mail) -> None:
    """The first text of the page is for the list of a mailbox only, and repeats neither subject nor text."""
    rendered = render(mail, ACCOUNT, CONTACT)
    body = rendered.html.partition("<body")[2]
    attributes, text = Page(f"<body{body}").texts[0]
    shown = text.partition("\N{FIGURE SPACE}")[0]

    assert "display:none" in attributes["style"]
    assert 15 <= len(shown) <= 140
    assert shown not in rendered.subject
    assert shown not in rendered.text


@each(SAMPLES)
def test_help_page(mail: Mail) -> None:
    """Each mail links to the help page of ops beside the contact, and to no such page if there is none."""
    page = "https://wiki.example.com/mfa?a=1&b=2"
    helped, alone = (render(mail, ACCOUNT, CONTACT, help_url=url) for url in (page, ""))

    assert page in helped.text
    assert page in Page(helped.html).links
    words = {Language.ENGLISH: "help page", Language.JAPANESE: "ヘルプページ"}[mail.language]
    assert words not in alone.text


@each(SAMPLES)
def test_replies(mail: Mail) -> None:
    """Each mail says where replies go, or that nobody reads them."""
    unread = {Language.ENGLISH: "nobody reads replies", Language.JAPANESE: "送信専用"}[mail.language]
    read, alone = (render(mail, ACCOUNT, CONTACT, reply_to=address) for address in ("help@example.com", ""))

    assert "help@example.com" in read.text
    assert unread not in read.text
    assert unread in alone.text


@pytest.mark.parametrize("name", sorted({name.rpartition("-")[0] for name in SAMPLES}))
def test_same_content(name: str) -> None:
    """A mail has the same headings, steps, items, commands and links in each language, in the same order."""
    first, *others = (blocks(SAMPLES[f"{name}-{language}"]) for language in Language)

    assert first
    assert others == [first] * len(others)


def blocks(mail: Mail) -> list[str]:
    """Return the blocks of a page in their order; what they say differs by language."""
    page = Page(render(mail, ACCOUNT, CONTACT).html)
    kinds = {"h1", "h2", "p", "pre", "table", "a"}
    return [f"{tag} {attributes.get('href', '')}".strip() for tag, attributes in page.elements if tag in kinds]


_COLOURED = re.compile(r"(?:^|;)(color|background|border(?:-top|-left)?):[^;]*(#[0-9a-f]{6})")


@each(SAMPLES)
def test_dark_mode(mail: Mail) -> None:
    """Dark mode has a colour of its own for each text, background, band and rule that has one in light mode."""
    html = render(mail, ACCOUNT, CONTACT).html
    dark = dark_rules(html)

    for tag, attributes in Page(html).elements:
        rules = [dark.get(name, "") for name in attributes.get("class", "").split()]
        if tag == "a" and "class" not in attributes:
            rules = [dark[".button a"]]
        for kind, _ in _COLOURED.findall(attributes.get("style", "")):
            expected = {
                "border": r"border(-bottom)?-color",
                "border-top": r"border(-top)?-color",
                "border-left": r"border(-left)?-color",
            }.get(kind, rf"(?<![\w-]){kind}")
            assert any(re.search(rf"{expected}: #", rule) for rule in rules), (tag, attributes, kind)


def dark_rules(html: str) -> dict[str, str]:
    """Return what dark mode sets, by class (and for links by `.class a`)."""
    (block,) = re.findall(r"@media \(prefers-color-scheme: dark\) \{\n(.*?)\n\}", html, re.DOTALL)
    rules: dict[str, str] = {}
    for selectors, declarations in re.findall(r"^\s*(.*?) \{ (.*?) \}", block, re.MULTILINE):
        for selector in selectors.split(", "):
            key = selector if " " in selector else selector.removeprefix(".")
            rules[key] = rules.get(key, "") + declarations
    return rules


def test_urgent_band() -> None:
    """An escalation has a band of another colour than other mails, in light and in dark mode."""
    urgent, usual = (render(SAMPLES[f"{name}-en"], ACCOUNT, "").html for name in ("escalation", "reminder"))
    dark = dark_rules(urgent)

    assert 'class="card band-urgent"' in urgent
    assert 'class="card band"' in usual
    assert re.findall(r"border-top:4px solid (#\w+)", urgent) != re.findall(r"border-top:4px solid (#\w+)", usual)
    assert dark["band-urgent"] != dark["band"]
    assert "border-color" not in dark["card"]
