"""Checks a folder of mail templates before they go into the bucket that MailTemplatesBucket names."""

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from domain.account import Account
from domain.mail.decision import Mail
from notify.rendering import BrokenTemplate, MailTemplates, template_names

_CONTACTS = ("cloud-team@example.com", "")
_PAGES = ("https://wiki.example.com/mfa", "")
_REPLIES = ("help@example.com", "")


class FolderFaults(ValueError):
    """Templates of a folder cannot be used; the message has a line for each fault."""


def templates_in(folder: Path, samples: Iterable[tuple[str, Mail]], account: Account) -> MailTemplates:
    """Return the templates of a folder, after each sample was rendered with them; raises FolderFaults."""
    texts, faults = _texts_in(folder)
    for broken in MailTemplates(texts).broken():
        faults.append(str(broken))
        texts.pop(broken.name, None)
    templates = MailTemplates(texts)
    # A fault is the same in many mails: the first of them is enough.
    found = dict(
        reversed([(str(fault), name) for name, mail in samples for fault in _faults(templates, mail, account)])
    )
    faults += [f"{fault} (in the mail {name})" for fault, name in reversed(found.items())]
    if faults:
        raise FolderFaults("\n".join(faults))
    return templates


def _texts_in(folder: Path) -> tuple[dict[str, str], list[str]]:
    texts, faults = dict[str, str](), list[str]()
    for path in sorted(folder.rglob("*.jinja")):
        name = path.relative_to(folder).as_posix()
        if name not in template_names():
            faults.append(f"{name}: no built-in template has this name")
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            faults.append(f"{name}: it is not UTF-8")
    if not texts and not faults:
        faults.append(f"{folder}: there is no template such as en/welcome.jinja")
    return texts, faults


def _faults(templates: MailTemplates, mail: Mail, account: Account) -> Iterator[BrokenTemplate]:
    """Yield what happens to a mail, with and without each choice that ops have."""
    for contact, page, replies in product(_CONTACTS, _PAGES, _REPLIES):
        try:
            templates.render(mail, account, contact, help_url=page, reply_to=replies)
        except BrokenTemplate as fault:
            yield fault
