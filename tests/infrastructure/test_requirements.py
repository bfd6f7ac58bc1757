"""Each function is deployed with what it imports."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

FUNCTIONS = Path(__file__).parents[2] / "functions"
OURS = {path.stem for path in FUNCTIONS.iterdir()}
FROM_THE_RUNTIME = {"boto3", "botocore"}
ONLY_FOR_TYPES = "mypy_boto3_"


def test_imports_are_declared() -> None:
    """Every import has its own line: a dependency of another library may vanish with its next version."""
    lines = (FUNCTIONS / "requirements.in").read_text().splitlines()
    declared = {line.partition("#")[0].strip() for line in lines} - {""}
    distributions = packages_distributions()

    used = {distributions[module][0].lower().replace("_", "-") for module in imported()}

    assert used <= declared
    assert {"aws-lambda-powertools", "jinja2", "markupsafe"} <= used, "the test finds no imports"


def imported() -> set[str]:
    """Return the imported top-level modules that are not Python's, ours or the runtime's."""
    imported = set()
    for path in FUNCTIONS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    expected = OURS | FROM_THE_RUNTIME | sys.stdlib_module_names
    return {module for module in imported - expected if not module.startswith(ONLY_FOR_TYPES)}
