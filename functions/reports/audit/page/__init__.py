"""The audit report as one self-contained page: no network, no other file, and fit for printing."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from domain.enrolment.record import EnrolmentStatus
from reports.audit.report import AuditReport, Enforced, has_password_without_mfa
from reports.audit.trend import HEIGHT, WIDTH, chart_of

_FILES = Path(__file__).parent


def audit_page(report: AuditReport) -> str:
    """Return the page; names that users can choose are escaped, and only this package's script and style run in it."""
    return _template().render(
        report=report,
        counts=report.totals.counts,
        chart=chart_of(report.runs),
        width=WIDTH,
        height=HEIGHT,
        EnrolmentStatus=EnrolmentStatus,
        Enforced=Enforced,
        has_password_without_mfa=has_password_without_mfa,
        style=Markup(_text("page.css")),  # noqa: S704  (our own file)
        script=Markup(_text("page.js")),  # noqa: S704  (our own file)
        style_hash=_hash("page.css"),
        script_hash=_hash("page.js"),
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(_FILES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")


def _hash(name: str) -> str:
    """Return the digest that allows a script or style in the page's own policy ("Content Security Policy")."""
    return b64encode(sha256(_text(name).encode()).digest()).decode()
