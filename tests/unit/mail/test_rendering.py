"""The text of mails: the facts in every language, and nothing that a user could have injected."""

import re
from dataclasses import dataclass, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.ses.sender import RenderedMail
from domain.account import Account
from domain.contact.languages import Language
from domain.enforcement.dates import Announcement
from domain.mail.decision import Mail, MailKind, Step
from notify.rendering import flow, render

MAIL_FOLDER = Path(__file__).parents[3] / "functions" / "notify" / "mails"
ACCOUNT = Account("aws", "111122223333", "example-corp")
PHONE = "arn:aws:iam::111122223333:mfa/alice-phone"
PASSKEY = "arn:aws:iam::111122223333:u2f/user/alice/key-EXAMPLE"
STEP = Step(number=6, days=21, unenrolled_since=date(2026, 11, 3))
ANNOUNCEMENT = Announcement(date(2027, 1, 15), since=date(2026, 11, 24))
BASE = Mail(
    MailKind.WELCOME,
    "welcome#1",
    "AIDAEXAMPLEALICE",
    "alice",
    "alice@example.com",
    None,
    Language.ENGLISH,
    enforced=True,
)
MAILS = {
    MailKind.WELCOME: BASE,
    MailKind.REMINDER: replace(BASE, kind=MailKind.REMINDER, step=STEP),
    MailKind.ESCALATION: replace(BASE, kind=MailKind.ESCALATION, step=STEP, cc="lead@example.com"),
    MailKind.ENROLLED: replace(BASE, kind=MailKind.ENROLLED, serial_number=PHONE, code_device=PHONE),
    MailKind.DEVICE_REMOVED: replace(BASE, kind=MailKind.DEVICE_REMOVED, serial_number=PHONE),
    MailKind.ANNOUNCEMENT: replace(
        BASE, kind=MailKind.ANNOUNCEMENT, enforced=False, announcement=ANNOUNCEMENT, days_left=7
    ),
    MailKind.ENFORCED: replace(BASE, kind=MailKind.ENFORCED),
    MailKind.CLOSED: replace(BASE, kind=MailKind.CLOSED),
}


@dataclass(frozen=True)
class Words:
    """What the mails of a language say.

    `denied` matches each sentence about denials, `stolen` says why MFA is needed, and `ask` names the contact if ops
    have set none. `enrolled_unnamed` and `removed_unnamed` are only in mails about a device without a serial number.
    """

    denied: str
    stolen: str
    ask: str
    enrolled_unnamed: tuple[str, ...]
    removed_unnamed: tuple[str, ...]


WORDS = {
    Language.ENGLISH: Words(
        denied="denie[sd] you nearly|denied nearly|access is denied|AccessDenied|not enough",
        stolen="A password alone can be stolen",
        ask="the person who gave you this user",
        enrolled_unnamed=("A new MFA device now belongs", "for your MFA device"),
        removed_unnamed=("An MFA device was removed", "no other is left."),
    ),
    Language.JAPANESE: Words(
        denied="拒否されます|拒否されたまま|アクセス拒否|操作できず",
        stolen="漏えいなどによって第三者に知られることがあります",
        ask="この IAM ユーザーを発行した担当者まで",
        enrolled_unnamed=("alice に、新しい MFA デバイスが", "MFA デバイスでの確認を求められ"),
        removed_unnamed=("alice から MFA デバイスが削除され",),
    ),
}


def words_of(language: Language) -> Words:
    """Return the words of a language; fail if a new language has none yet."""
    if language not in WORDS:
        pytest.fail(f"add the words of {language.name} to WORDS in tests/unit/mail/test_rendering.py")
    return WORDS[language]


every_mail = pytest.mark.parametrize("kind", MailKind)
WITHOUT_STEPS = {MailKind.ENROLLED, MailKind.ANNOUNCEMENT, MailKind.CLOSED}
every_language = pytest.mark.parametrize("language", Language)


class Page(HTMLParser):
    """A page as a mail client reads it: its text, its elements, the targets of its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.links = "", list[str]()
        self.elements = list[tuple[str, tuple[str, ...]]]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def worded(
    kind: MailKind, language: Language = Language.ENGLISH, contact: str = "cloud-team@example.com"
) -> RenderedMail:
    return render(replace(MAILS[kind], language=language), ACCOUNT, contact)


@every_language
def test_templates(language: Language) -> None:
    """A language has a template of each kind, and uses no template of another language."""
    english, own = MAIL_FOLDER / Language.ENGLISH, MAIL_FOLDER / language
    missing = {path.name for path in english.iterdir()} - {path.name for path in own.glob("*.jinja")}
    assert not missing, f"{own} lacks these templates: {', '.join(sorted(missing))}"
    others = "|".join(other for other in Language if other is not language)
    for path in own.iterdir():
        borrowed = re.findall(rf'"(?:{others})/[\w-]+\.jinja"', path.read_text())
        assert not borrowed, f"{path} uses templates of another language: {', '.join(borrowed)}"


@every_mail
@every_language
def test_user_account_and_contact(kind: MailKind, language: Language) -> None:
    """A mail names the user, the account and the contact in both layouts."""
    wording = worded(kind, language)

    for text in (wording.text, Page(wording.html).text):
        assert "alice" in text
        assert "example-corp (111122223333)" in text
        assert (
            kind in {MailKind.ANNOUNCEMENT, MailKind.CLOSED}
            or "https://example-corp.signin.aws.amazon.com/console" in text
        )
        assert "cloud-team@example.com" in text
    assert "alice" in wording.subject


@every_language
@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind not in WITHOUT_STEPS])
def test_steps(kind: MailKind, language: Language) -> None:
    """A user without a device gets the page and a name for the device."""
    wording = worded(kind, language)

    page = "https://us-east-1.console.aws.amazon.com/iam/home#/security_credentials"
    assert page in wording.text
    assert page in Page(wording.html).links
    for label in ("Assign MFA device", "Authenticator app", "Show QR code", "Add MFA", "alice-phone"):
        assert label in wording.text


@every_language
@pytest.mark.parametrize("serial_number", [PHONE, "GAHT12345678"])
def test_commands(language: Language, serial_number: str) -> None:
    """A user with a device that shows codes gets the commands with their own values."""
    mail = replace(MAILS[MailKind.ENROLLED], language=language, serial_number=serial_number, code_device=serial_number)

    wording = render(mail, ACCOUNT, "")

    for text in (wording.text, Page(wording.html).text):
        assert f"aws sts get-session-token --serial-number {serial_number} --token-code 123456" in text
        assert f"aws configure mfa-login --serial-number {serial_number} --update-profile mfa" in text
        assert "User: arn:aws:iam::111122223333:user/alice is not authorized to perform" in text
        for fact in ("AWS_SESSION_TOKEN", "12", "--duration-seconds", "900", "129600"):
            assert fact in text
        assert "aws login" not in text


@every_language
def test_passkey(language: Language) -> None:
    """A user with only a passkey gets the two alternatives."""
    mail = replace(MAILS[MailKind.ENROLLED], language=language, serial_number=PASSKEY, code_device=None)

    wording = render(mail, ACCOUNT, "")

    assert "aws login" in wording.text
    assert "Assign MFA device" in wording.text
    assert "--serial-number" not in wording.text


@every_language
def test_escalation(language: Language) -> None:
    """An escalation says for how many days, and who else gets it."""
    text = worded(MailKind.ESCALATION, language).text

    assert "21" in text
    assert "lead@example.com" in text
    assert "lead@example.com" not in render(replace(MAILS[MailKind.ESCALATION], cc=None), ACCOUNT, "").text


@pytest.mark.parametrize(("days", "words"), [(0, "has no MFA device."), (1, "since yesterday."), (3, ": 3 days.")])
def test_days(days: int, words: str) -> None:
    """A reminder words the number of days naturally."""
    mail = replace(MAILS[MailKind.REMINDER], step=Step(1, days, date(2026, 11, 21)))

    text = render(mail, ACCOUNT, "").text

    assert words in text
    assert "reminder number" not in text


@pytest.mark.parametrize(("days", "words"), [(1, "without MFA for 1 day"), (2, "without MFA for 2 days")])
def test_one_day(days: int, words: str) -> None:
    """An escalation counts a single day as one."""
    wording = render(replace(MAILS[MailKind.ESCALATION], step=Step(1, days, date(2026, 11, 21))), ACCOUNT, "")

    assert wording.subject.endswith(words)
    assert wording.text.startswith(f"No MFA device for {words.partition(' for ')[2]}\n")


@every_language
@pytest.mark.parametrize("kind", [MailKind.ENROLLED, MailKind.DEVICE_REMOVED])
def test_unknown_device(kind: MailKind, language: Language) -> None:
    """A mail about a device that the record does not name leaves no gap for its number."""
    named = replace(MAILS[kind], language=language)
    words = words_of(language)
    unnamed = words.enrolled_unnamed if kind is MailKind.ENROLLED else words.removed_unnamed

    text, full = (render(mail, ACCOUNT, "").text for mail in (replace(named, serial_number=None), named))

    for phrase in unnamed:
        assert phrase in text
        assert phrase not in full
    assert ":\n\n*" not in text


# An announcement goes to users who are not enforced yet, and says what AWS will deny. Only enforced users are closed.
@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind not in {MailKind.ANNOUNCEMENT, MailKind.CLOSED}])
@every_language
def test_denials_only_if_enforced(kind: MailKind, language: Language) -> None:
    """Only mails to enforced users mention denials."""
    denials = re.compile(words_of(language).denied)
    mail = replace(MAILS[kind], language=language)
    enforced, free = render(mail, ACCOUNT, ""), render(replace(mail, enforced=False), ACCOUNT, "")

    for denied, working in ((enforced.text, free.text), (Page(enforced.html).text, Page(free.html).text)):
        assert denials.search(denied)
        assert not denials.search(working)


@every_language
def test_expired_credentials(language: Language) -> None:
    """The mail says how to remove temporary credentials, because they cannot get new ones."""
    text = worded(MailKind.ENROLLED, language).text

    assert "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN" in text


def test_repeated_reminder() -> None:
    """Only a repeated reminder says so in its subject."""
    first, third = (
        render(
            replace(MAILS[MailKind.REMINDER], language=Language.JAPANESE, step=Step(number, 3, date(2026, 11, 21))),
            ACCOUNT,
            "",
        )
        for number in (1, 3)
    )

    assert "再度のお願い" not in first.subject
    assert "再度のお願い" in third.subject


@every_language
def test_reminder_explains_mfa(language: Language) -> None:
    """A reminder explains MFA, because the user may have had no welcome mail."""
    assert words_of(language).stolen in worded(MailKind.REMINDER, language).text


def test_escalation_without_manager() -> None:
    """An escalation without a manager mentions none."""
    alone = replace(MAILS[MailKind.ESCALATION], language=Language.JAPANESE, cc=None)

    assert "上位者" not in render(alone, ACCOUNT, "").text


@every_mail
@every_language
def test_no_contact(kind: MailKind, language: Language) -> None:
    """Without a contact the mail still says who to ask."""
    assert words_of(language).ask in worded(kind, language, contact="").text


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
hostile = names | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=x>', "a\r\nBcc: x@example.com", "{{ 7*7 }}"]
)


@given(
    kind=st.sampled_from(MailKind),
    language=st.sampled_from(Language),
    name=hostile,
    alias=hostile,
    contact=hostile,
    enforced=st.booleans(),
)
def test_no_injected_elements(
    kind: MailKind, language: Language, name: str, alias: str, contact: str, enforced: bool
) -> None:
    """No name changes the elements of the page."""
    harmless = replace(MAILS[kind], language=language, enforced=enforced)
    mail = replace(
        harmless, user_name=name, serial_number=name, code_device=harmless.code_device and name, cc=harmless.cc and name
    )
    account = replace(ACCOUNT, alias=alias)

    wording = render(mail, account, contact)

    expected = render(replace(harmless, serial_number="x", code_device=harmless.code_device and "x"), ACCOUNT, "x")
    assert Page(wording.html).elements == Page(expected.html).elements
    assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", wording.subject)
    assert len(wording.subject) <= 150


@every_mail
@every_language
def test_self_contained_page(kind: MailKind, language: Language) -> None:
    """A page loads nothing and fits a phone."""
    wording = worded(kind, language)
    page = Page(wording.html)

    assert not {"img", "script", "link", "iframe", "form"} & {tag for tag, _ in page.elements}
    assert "url(" not in wording.html
    assert {link.partition("/")[0] for link in page.links} <= {"https:"}
    assert "max-width:600px" in wording.html
    # Gmail cuts a mail at 102 KiB.
    assert len(wording.html.encode()) < 20_000


@every_mail
@every_language
@pytest.mark.parametrize("enforced", [True, False])
def test_no_template_syntax(kind: MailKind, language: Language, enforced: bool) -> None:
    """No template syntax is left in a mail."""
    wording = render(replace(MAILS[kind], language=language, enforced=enforced), ACCOUNT, "cloud-team@example.com")

    for text in (wording.subject, wording.text, wording.html):
        assert not re.search(r"\{[{%#]|[}%#]\}|\bNone\b", text)
    assert "\n\n\n" not in wording.text
    assert not re.search(r"<[a-z]+[ >]|&[a-z]+;", wording.text)


@every_mail
@pytest.mark.parametrize("enforced", [True, False])
def test_space_between_sentences(kind: MailKind, enforced: bool) -> None:
    """There is a space between two sentences."""
    wording = render(replace(MAILS[kind], enforced=enforced), ACCOUNT, "cloud-team@example.com")

    for text in (wording.text, Page(wording.html).text):
        assert re.findall(r"\w+\.[A-Z]\w*", text) == []


def test_joined_lines() -> None:
    """Japanese lines are joined without a space, and others with one."""
    assert flow("  登録を\n  お願いします。") == "登録をお願いします。"
    assert flow("register\n  a device") == "register a device"


@pytest.mark.parametrize(
    ("language", "day"), [(Language.ENGLISH, "until 5 December 2026"), (Language.JAPANESE, "2026年12月5日まで")]
)
def test_last_day(language: Language, day: str) -> None:
    """A reminder names the last day on which the user can enrol, if there is one."""
    reminder = replace(MAILS[MailKind.REMINDER], language=language)
    rendered = render(replace(reminder, window_until=date(2026, 12, 5)), ACCOUNT, "")

    assert day in rendered.text
    assert day in rendered.html
    assert day not in render(reminder, ACCOUNT, "").text


@pytest.mark.parametrize(
    ("language", "words"), [(Language.ENGLISH, "registration of a device too"), (Language.JAPANESE, "登録もできません")]
)
def test_closed(language: Language, words: str) -> None:
    """The mail to a closed user offers no steps and no sign-in, because AWS denies them."""
    text = worded(MailKind.CLOSED, language, contact="cloud-team@example.com").text

    assert words in text.replace("\n", " ")
    assert "cloud-team@example.com" in text
    assert "signin.aws.amazon.com" not in text
