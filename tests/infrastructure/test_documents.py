"""The documents agree with the project."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest

from domain.exemptions import ExemptionRules
from domain.users import User
from tests.commands import calls_in, request_of
from tests.commands.documents import DOCUMENTS, ROOT, scripts_of
from tests.infrastructure.parameters import PAGE, page
from tests.template import Template

_TERM = re.compile(r"^\| ([^|]+) \| [^|]+ \| ([^|]*)\|$", re.MULTILINE)
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


def test_layout() -> None:
    """Every path that the architecture names exists."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = re.findall(r"`([\w.]+/[\w./-]*)`", text)

    assert paths
    assert not [path for path in paths if not any((base / path).exists() for base in (ROOT, ROOT / "functions"))]


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


def glossary() -> list[tuple[str, str]]:
    """Return each term of the glossary with each name that it has in the code."""
    rows = _TERM.findall((ROOT / "docs" / "glossary.md").read_text())
    return [(term, name) for term, names in rows for name in re.findall(r"`([^`]+)`", names)]


@pytest.mark.parametrize(("term", "name"), glossary())
def test_glossary_names(term: str, name: str, names: set[str]) -> None:
    """Each name in the third column of the glossary is a name in the functions, the template or the repository."""
    suffix = name.removeprefix("…")
    assert (
        name in names
        or (suffix != name and any(each.endswith(suffix) for each in names))
        or ("/" in name and (ROOT / name).exists())
    ), f"{term}: no {name}"


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Return the names in the functions (`Class`, `Class.member`, `module.Class`, `field`) and in the template."""
    template = Template(AlertEmail="ops@example.com")
    metrics = re.findall(r"MetricName: (\w+)", (ROOT / "template.yaml").read_text())
    functions = ROOT / "functions"
    defined = (
        names_in(ast.parse(path.read_text()), ".".join(path.relative_to(functions).with_suffix("").parts))
        for path in functions.rglob("*.py")
    )
    return {*chain.from_iterable(defined), *template.resources, *template.source["Parameters"], *metrics}


def names_in(tree: ast.Module | ast.ClassDef, path: str) -> Iterator[str]:
    """Yield what a module or a class defines, by its plain name and with the name of the module or class before it."""
    for node in tree.body:
        for name in names_of(node):
            yield from (name, f"{path}.{name}")
        if isinstance(node, ast.ClassDef):
            yield from names_in(node, node.name)


def names_of(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document, as the usual renderers name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
