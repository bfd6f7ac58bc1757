"""Templates of ops: what takes the place of what, what a broken one says, and what it cannot do."""

from dataclasses import replace
from pathlib import Path

import pytest

from local.mail_templates import FolderFaults, templates_in
from local.mails import samples
from notify.rendering import BUILT_IN, BrokenTemplate, MailTemplates, render, template_names
from tests.unit.mail.test_rendering import ACCOUNT, BASE, MAIL_FOLDER

WELCOME = (MAIL_FOLDER / "en" / "welcome.jinja").read_text()
OWN = """{% extends "en/letter.jinja" %}
{% import "blocks.jinja" as b %}
{% set subject %}Welcome to Example, {{ mail.user_name }}{% endset %}
{% block title %}Welcome to Example{% endblock %}
{% block body %}
{% call b.paragraph() %}Our own words for {{ mail.user_name }}.{% endcall %}
{% endblock %}
"""


def fault_of(text: str, name: str = "en/welcome.jinja") -> BrokenTemplate:
    with pytest.raises(BrokenTemplate) as caught:
        MailTemplates({name: text}).render(BASE, ACCOUNT, "")
    return caught.value


def test_replaced() -> None:
    """A template of ops takes the place of the built-in one of its name, with the other built-in ones around it."""
    rendered = MailTemplates({"en/welcome.jinja": OWN}).render(BASE, ACCOUNT, "")

    assert rendered.subject == "Welcome to Example, alice"
    for text in (rendered.text, rendered.html):
        assert "Our own words" in text
        assert "Is this mail real?" in text


def test_layout_replaced() -> None:
    """A layout and a part of mails can be replaced, too, each in its own layout."""
    html = (MAIL_FOLDER / "html" / "layout.jinja").read_text().replace("<body", "<body data-company=example")
    steps = "{% import 'blocks.jinja' as b %}{% call b.paragraph() %}Ask the desk.{% endcall %}"
    rendered = MailTemplates({"html/layout.jinja": html, "en/steps.jinja": steps}).render(BASE, ACCOUNT, "")

    assert "data-company" in rendered.html
    assert "data-company" not in rendered.text
    assert "Ask the desk." in rendered.text
    assert "Assign MFA device" not in rendered.text


def test_built_in() -> None:
    """Without templates of ops, the built-in ones are rendered, and all have a name that ops can use."""
    assert BUILT_IN.render(BASE, ACCOUNT, "") == render(BASE, ACCOUNT, "")
    assert {"en/welcome.jinja", "ja/steps.jinja", "html/layout.jinja", "text/blocks.jinja"} < set(template_names())


def test_escapes() -> None:
    """What users can choose is escaped in the HTML of a template of ops."""
    mail = replace(BASE, user_name="<script>alert(1)</script>")

    assert "<script>" not in MailTemplates({"en/welcome.jinja": OWN}).render(mail, ACCOUNT, "").html


@pytest.mark.parametrize(
    "attack",
    [
        "{{ mail.__class__.__mro__[1].__subclasses__() }}",
        "{{ render.__globals__ }}",
        "{{ ''.__class__ }}",
        "{{ mail.user_name.format.__self__ }}",
        "{{ '{0.__class__}'.format(mail) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% include '../../settings.py' %}",
        "{% include '/etc/passwd' %}",
        "{% for i in range(10000000) %}x{% endfor %}",
    ],
)
def test_sandbox(attack: str) -> None:
    """A template reaches the values of the mail, and neither Python nor files."""
    fault = fault_of(OWN.replace("Our own words", f"Our own words{attack}"))

    assert fault.name == "en/welcome.jinja"
    assert "root:" not in str(fault)


@pytest.mark.parametrize(
    ("broken", "line", "cause"),
    [
        (OWN.replace("{% block body %}", "{% block body"), 6, "expected token"),
        (OWN.replace("mail.user_name }}.", "mail.usr_name }}."), 6, "usr_name"),
        (OWN.replace("mail.user_name }}{% endset", "mail.usr_name }}{% endset"), 3, "usr_name"),
        (OWN.replace("{{ mail.user_name }}.", "{{ 1 / 0 }}."), 6, "ZeroDivisionError"),
        (OWN.replace("{{ mail.user_name }}.", "{{ mail | nice }}."), 6, "nice"),
        (OWN.replace("{% set subject %}", "{% set topic %}"), None, "no subject"),
        (OWN.replace("en/letter.jinja", "en/brief.jinja"), 1, "en/brief.jinja"),
        ("", None, "no subject"),
    ],
)
def test_broken(broken: str, line: int | None, cause: str) -> None:
    """A fault names the template, the line and the cause."""
    fault = fault_of(broken)

    assert (fault.name, fault.line) == ("en/welcome.jinja", line)
    assert cause in fault.cause


def test_endless() -> None:
    """A template that includes itself is a fault, and ends."""
    fault = fault_of(OWN.replace("{% block body %}", '{% block body %}{% include "en/welcome.jinja" %}'))

    assert fault.name == "en/welcome.jinja"
    assert "RecursionError" in fault.cause


def test_broken_part() -> None:
    """A fault in a part names the part, and not the mail that includes it."""
    fault = fault_of("\n\n{{ account.nickname }}", "en/steps.jinja")

    assert (fault.name, fault.line) == ("en/steps.jinja", 3)


def test_not_compiled() -> None:
    """Templates that cannot be compiled are found before any mail is rendered."""
    faults = MailTemplates({"en/welcome.jinja": OWN, "en/steps.jinja": "a\n{% if %}"}).broken()

    assert [(fault.name, fault.line) for fault in faults] == [("en/steps.jinja", 2)]


def folder(at: Path, **files: str) -> Path:
    for name, text in files.items():
        path = at / f"{name.replace('_', '/')}.jinja"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return at


def test_folder(tmp_path: Path) -> None:
    """A folder of good templates gives the templates."""
    templates = templates_in(folder(tmp_path, en_welcome=OWN), samples(), ACCOUNT)

    assert templates.replaced == {"en/welcome.jinja": OWN}


def test_faults_of_folder(tmp_path: Path) -> None:
    """Each fault of a folder is named once: wrong names, syntax, and what only some mails or choices show."""
    steps = "{% if mail.kind == 'escalation' %}{{ mail.nothing }}{% endif %}{% if help_url %}{{ helpurl }}{% endif %}"
    files = {"en_welcom": OWN, "en_access": "{% if %}", "ja_steps": steps}
    (folder(tmp_path, **files) / "en" / "letter.jinja").write_bytes(b"\xff")

    with pytest.raises(FolderFaults) as caught:
        templates_in(tmp_path, samples(), ACCOUNT)

    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "en/letter.jinja",
        "en/welcom.jinja",
        "en/access.jinja, line 1",
        "ja/steps.jinja, line 1",
        "ja/steps.jinja, line 1",
    ]
    assert "(in the mail escalation-ja)" in lines[3]
    assert "helpurl" in lines[4]


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without templates is a fault, because it is probably the wrong one."""
    with pytest.raises(FolderFaults, match="no template such as"):
        templates_in(tmp_path, samples(), ACCOUNT)
