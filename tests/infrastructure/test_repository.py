"""Commits and pushes are checked read-only, by pinned programs; every test is short and says its rule."""

import ast
import re
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))


def read(path: Path) -> Any:  # noqa: ANN401  # YAML of any shape
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow(path: Path) -> None:
    """A workflow may only read, and its actions are pinned by commit."""
    workflow = read(path)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]

    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and "timeout-minutes" in job for job in workflow["jobs"].values())
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)


def test_workflow_runs_tests() -> None:
    """CI runs one command, `make test`."""
    runs = [step["run"] for job in read(WORKFLOWS[0])["jobs"].values() for step in job["steps"] if "run" in step]

    assert runs == [".ci/run"]
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()


def test_hooks() -> None:
    """The hooks run programs that `make setup` installs, on the files of this project."""
    [repository] = read(ROOT / ".pre-commit-config.yaml")["repos"]
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}

    assert repository["repo"] == "local"
    assert programs <= {".venv/bin/ruff", ".venv/bin/cfn-lint", "bash"}


@pytest.mark.parametrize(("subject", "fits"), [("x" * 72, True), ("x" * 73, False), ("", False)])
def test_subject(tmp_path: Path, subject: str, fits: bool) -> None:
    """The commit-msg hook refuses a subject of more than 72 characters."""
    [repository] = read(ROOT / ".pre-commit-config.yaml")["repos"]
    [entry] = [hook["entry"] for hook in repository["hooks"] if hook["id"] == "subject"]
    message = tmp_path / "message"
    message.write_text(f"{subject}\n\n{'y' * 100}\n")

    done = run(["bash", "-c", f'{entry} "$0"', str(message)], check=False)  # noqa: S603, S607  # the hook's own program

    assert (done.returncode == 0) is fits


def test_length_of_files() -> None:
    """A file of tests has at most 400 lines."""
    lines = {path: len(path.read_text().splitlines()) for path in TEST_FILES}

    assert not [f"{path.relative_to(ROOT)}: {number} lines" for path, number in lines.items() if number > 400]


def test_names_and_rules() -> None:
    """A test has a name of at most 50 characters, and its docstring is the rule that it proves, on one line."""
    tests = [
        (f"{path.relative_to(ROOT)}: {node.name}", node.name, ast.get_docstring(node) or "")
        for path in TEST_FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert tests
    assert not [where for where, name, _ in tests if len(name) > 50]
    assert not [where for where, _, rule in tests if not rule.partition("\n")[0].endswith(".")]
