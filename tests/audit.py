"""Checks the template by checkov's rules, and the dependencies for known vulnerabilities and licences.

What cannot be asked is said, and fails nothing: the database of vulnerabilities may be out of reach.
"""

import json
import sys
from importlib import metadata
from pathlib import Path
from subprocess import CompletedProcess, run

from packaging.requirements import Requirement
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".venv-audit" / "bin"
DEPLOYED = ROOT / "functions" / "requirements.txt"
PINNED = [DEPLOYED, *sorted((ROOT / "requirements").glob("*.txt"))]


def main() -> int:
    """Run all three; return 1 if one of them reports something."""
    console = Console(highlight=False)
    bad = [not checkov(console), *(not no_known_vulnerability(pinned, console) for pinned in PINNED)]
    console.print(licences(DEPLOYED))
    return int(any(bad))


def checkov(console: Console) -> bool:
    """Return whether the template passes; what does not is printed."""
    done = _run("checkov", "--config-file", ".checkov.yaml")
    console.print(done.stdout.strip() or "checkov: the template passes", markup=False)
    return done.returncode == 0


def no_known_vulnerability(pinned: Path, console: Console) -> bool:
    """Return whether nothing pinned is known to be vulnerable, and say how much of it could be looked up."""
    done = _run("pip-audit", "--disable-pip", "--require-hashes", "--format", "json", "--requirement", str(pinned))
    name = pinned.relative_to(ROOT)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except ValueError:
        console.print(f"pip-audit: {name}: the database could not be asked", markup=False)
        return True
    listed = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    vulnerable = [f"{each['name']} {each['version']}: {flaw['id']}" for each in listed for flaw in each["vulns"]]
    looked_up = f"{len(listed)} of {len(dependencies)} could be looked up, {len(vulnerable)} vulnerable"
    console.print(f"pip-audit: {name}: {looked_up}", *vulnerable, sep="\n  ", markup=False)
    return not vulnerable


def licences(pinned: Path) -> Table:
    """List what is deployed with its licences, as the packages themselves state them."""
    table = Table("package", "version", "licence", title="What is deployed")
    for line in pinned.read_text().splitlines():
        if line and line[0] not in "# -":
            package = metadata.metadata(Requirement(line.rstrip("\\ ").partition(";")[0]).name)
            classifiers = package.get_all("Classifier") or []
            named = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License")]
            table.add_row(
                package["Name"],
                package["Version"],
                package.get("License-Expression") or ", ".join(named) or package["License"],
            )
    return table


def _run(tool: str, *options: str) -> CompletedProcess[str]:
    return run([TOOLS / tool, *options], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # ours


if __name__ == "__main__":
    sys.exit(main())
