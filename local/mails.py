"""Renders every mail from the real templates, for the authors of templates: `make mails`.

With `make mails TEMPLATES=folder`, templates in the folder take the place of built-in ones of the same names, and each
one that is broken is named. They may then go into the bucket of MailTemplatesBucket.

HTML and text go to .local/mails. Chromium, if it is installed, draws them as a phone and a desktop show them.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path

from domain.account import Account
from domain.contact.languages import Language
from domain.enforcement.dates import Announcement
from domain.mail.decision import Mail, MailKind, Step
from local.mail_templates import FolderFaults, templates_in
from notify.rendering import BUILT_IN, MailTemplates

FOLDER = Path(".local/mails")
PICTURES = Path("docs/pictures")
WIDTHS = {"phone": 390, "desktop": 900}

# Those that the READMEs show: mail, device, and the height and the scale that make a small picture.
SHOWN = (
    ("welcome-en", "desktop", 1265, 0.75),
    ("welcome-ja", "desktop", 1265, 0.75),
    ("reminder-ja", "phone", 1010, 0.8),
)

_ACCOUNT = Account("aws", "111122223333", "example-corp")
_CONTACT = "cloud-team@example.com"
_PHONE = "arn:aws:iam::111122223333:mfa/alice-phone"
_PASSKEY = "arn:aws:iam::111122223333:u2f/user/alice/alice-passkey-NQ4EXAMPLEA7HT"
_ANNOUNCEMENT = Announcement(date(2027, 1, 15), since=date(2026, 11, 24))
_MAIL = Mail(
    MailKind.WELCOME, "sample", "AIDAEXAMPLEALICE", "alice", "alice@example.com", None, Language.ENGLISH, enforced=True
)


def samples() -> Iterator[tuple[str, Mail]]:
    """Yield a mail of every kind in every language, with a name for its files."""
    mails = {
        "welcome": _MAIL,
        "reminder": replace(_MAIL, kind=MailKind.REMINDER, step=Step(3, 3, date(2026, 11, 21))),
        "escalation": replace(
            _MAIL, kind=MailKind.ESCALATION, step=Step(6, 21, date(2026, 11, 3)), cc="manager@example.com"
        ),
        "enrolled": replace(_MAIL, kind=MailKind.ENROLLED, serial_number=_PHONE, code_device=_PHONE),
        "enrolled-passkey": replace(_MAIL, kind=MailKind.ENROLLED, serial_number=_PASSKEY),
        "enrolled-unnamed": replace(_MAIL, kind=MailKind.ENROLLED),
        "enrolled-not-enforced": replace(
            _MAIL, kind=MailKind.ENROLLED, serial_number=_PHONE, code_device=_PHONE, enforced=False
        ),
        "reminder-not-enforced": replace(
            _MAIL, kind=MailKind.REMINDER, step=Step(1, 0, date(2026, 11, 24)), enforced=False
        ),
        "device-removed": replace(_MAIL, kind=MailKind.DEVICE_REMOVED, serial_number=_PHONE),
        "device-removed-unnamed": replace(_MAIL, kind=MailKind.DEVICE_REMOVED),
        "reminder-announced": replace(
            _MAIL,
            kind=MailKind.REMINDER,
            step=Step(2, 23, date(2026, 11, 1)),
            enforced=False,
            announcement=_ANNOUNCEMENT,
            days_left=52,
        ),
        "announcement": replace(
            _MAIL,
            kind=MailKind.ANNOUNCEMENT,
            code_device=_PHONE,
            has_device=True,
            enforced=False,
            announcement=_ANNOUNCEMENT,
            days_left=7,
        ),
        "announcement-without-device": replace(
            _MAIL, kind=MailKind.ANNOUNCEMENT, enforced=False, announcement=_ANNOUNCEMENT, days_left=1
        ),
        "enforced": replace(_MAIL, kind=MailKind.ENFORCED, code_device=_PHONE, has_device=True),
        "reminder-window": replace(
            _MAIL, kind=MailKind.REMINDER, step=Step(3, 3, date(2026, 11, 21)), window_until=date(2026, 12, 5)
        ),
        "closed": replace(_MAIL, kind=MailKind.CLOSED, cc="manager@example.com"),
        "enforced-without-device": replace(_MAIL, kind=MailKind.ENFORCED),
    }
    for language in Language:
        for name, mail in mails.items():
            yield f"{name}-{language}", replace(mail, language=language)


def write(templates: MailTemplates = BUILT_IN) -> list[Path]:
    """Write all mails, and return their HTML files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = []
    for name, mail in samples():
        wording = templates.render(mail, _ACCOUNT, _CONTACT)
        (FOLDER / f"{name}.txt").write_text(f"Subject: {wording.subject}\n\n{wording.text}")
        files.append(FOLDER / f"{name}.html")
        files[-1].write_text(wording.html)
    return files


@dataclass(frozen=True, slots=True)
class Window:
    """A browser window, in CSS pixels."""

    width: int
    height: int = 2600
    scale: float = 1
    dark: bool = False


def picture(page: Path, to: Path, window: Window) -> None:
    """Draw a page with Chromium, which gets a profile of its own and fetches nothing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Pictures need Chromium, with a font for Japanese: apt-get install chromium fonts-noto-cjk")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603  (our own pages)
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                f"--blink-settings=preferredColorScheme={0 if window.dark else 1}",
                f"--force-device-scale-factor={window.scale}",
                f"--user-data-dir={profile}",
                f"--window-size={window.width},{window.height}",
                f"--screenshot={to.resolve()}",
                page.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the mails, and draw the requested pictures."""
    parser = argparse.ArgumentParser(prog="python -m local.mails", description=__doc__)
    parser.add_argument("--pictures", action="store_true", help="draw every mail into .local/mails, light and dark")
    parser.add_argument("--readme", action="store_true", help="draw those that the READMEs show into docs/pictures")
    parser.add_argument("--templates", type=Path, help="a folder of templates that take the place of built-in ones")
    chosen = parser.parse_args(arguments)
    try:
        templates = templates_in(chosen.templates, samples(), _ACCOUNT) if chosen.templates else BUILT_IN
    except FolderFaults as faults:
        sys.exit(str(faults))
    for page in write(templates):
        print(page)  # noqa: T201  (a program's output)
        if chosen.pictures:
            draw(page)
    if chosen.readme:
        draw_for_readme()


def draw(page: Path) -> None:
    """Draw a page as a phone and a desktop show it, in light and in dark mode."""
    for (name, width), dark in product(WIDTHS.items(), (False, True)):
        picture(page, page.with_name(f"{page.stem}-{name}{'-dark' if dark else ''}.png"), Window(width, dark=dark))


def draw_for_readme() -> None:
    """Draw those that the READMEs show."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for mail, device, height, scale in SHOWN:
        drawn = PICTURES / f"{mail}-{device}.png"
        picture(FOLDER / f"{mail}.html", drawn, Window(WIDTHS[device], height, scale))


if __name__ == "__main__":
    main()
