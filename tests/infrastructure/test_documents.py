"""The documents agree with the project."""

import re
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pytest

from domain.exemptions import ExemptionRules
from domain.users import User
from tests.commands import calls_in, request_of
from tests.commands.documents import DOCUMENTS, ROOT, scripts_of
from tests.infrastructure.parameters import PAGE, page

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]*))?\)")


def test_parameters_page() -> None:
    """The page of parameters agrees with the template."""
    assert PAGE.read_text() == page(), "write it again: python -m tests.infrastructure.parameters"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document: Path) -> None:
    """Every link has a target."""
    for path, anchor in _LINK.findall(document.read_text()):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


def test_samples_are_listed() -> None:
    """The page of the sample events says of each file what happens."""
    page = (ROOT / "events" / "README.md").read_text()
    listed = set(re.findall(r"`([a-z_*]+)`", page.partition("| files |")[2]))
    missing = [
        file.stem
        for file in sorted((ROOT / "events").glob("*.json"))
        if not any(fnmatch(file.stem, name) for name in listed)
    ]
    assert not missing, f"events/README.md does not list {', '.join(missing)}"


@pytest.mark.parametrize("name", ["README.md", "README.ja.md", "docs/operating.md"])
def test_exemptions_shown(name: str) -> None:
    """IAM accepts the exemption tags that the documents show, and they exempt."""
    values = [
        tag["Value"]
        for script in scripts_of(ROOT / name)
        for call in calls_in(script)
        if call[:3] == ["aws", "iam", "tag-user"]
        for tag in request_of(call)[1]["Tags"]
        if tag["Key"] == "mfa-exempt"
    ]

    assert values
    for value in values:
        assert re.fullmatch(r"[\w .:/=+@-]{1,256}", value)
        user = User("robot", "AIDAROBOT", "/", {"mfa-exempt": value}, datetime(2026, 11, 1, tzinfo=UTC))
        assert ExemptionRules("mfa-exempt", ()).tagged(user)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document, as the usual renderers name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
