"""How lean the deployed package is: its size, and the start of each handler beside that of boto3 alone.

Both start a fresh Python: one imports the handler from the built package and makes its first client, the other imports
boto3 and makes that client. They take turns, so that a noisy machine is noisy for both; the median ratio is the figure.
The package holds arm64 wheels. Elsewhere MarkupSafe falls back to pure Python, which costs no import time worth noting.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.template import TEMPLATE, Template

_RUNS = 9
_CLOCK = "import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
_BASELINE = 'import boto3; boto3.client("iam")'
_HANDLER = "import {module}; from aws import clients; clients.iam()"


@dataclass(frozen=True)
class Start:
    """The seconds of both ways, turn by turn."""

    function: str
    ours: tuple[float, ...]
    boto3_alone: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Compare turn with turn: a slow moment slows both."""
        return sorted(ours / alone for ours, alone in zip(self.ours, self.boto3_alone, strict=True))


def build(folder: Path) -> None:
    """Build the package as a deployment does."""
    command = ["sam", "build", "--template", str(TEMPLATE), "--build-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=TEMPLATE.parent)  # noqa: S603  # no shell, our template


def zipped(folder: Path) -> int:
    """Return the bytes of the folder as a zip, which is how Lambda stores it."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return file.tell()


def unzipped(folder: Path) -> int:
    """Return the bytes of the files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def handlers() -> dict[str, str]:
    """Return the module of each function's handler."""
    return {
        name: resource["Properties"]["Handler"].rpartition(".")[0]
        for name, resource in Template().resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def seconds(code: str, package: Path) -> float:
    """Run the code in a fresh Python that finds the package first, and boto3 where this one does."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(package),
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "MfaEnforcer",
    }
    command = [sys.executable, "-c", _CLOCK.format(code=code)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603  # ourselves
    return float(done.stdout)


def start(function: str, module: str, package: Path) -> Start:
    """Measure one handler; the first turn, which compiles, is not counted."""
    turns = [(seconds(_HANDLER.format(module=module), package), seconds(_BASELINE, package)) for _ in range(_RUNS + 1)]
    ours, alone = zip(*turns[1:], strict=True)
    return Start(function, ours, alone)


def main() -> None:
    """Build, measure, print."""
    modules = handlers()
    with tempfile.TemporaryDirectory() as temporary:
        build(Path(temporary))
        # All functions share one CodeUri, so any of them is the package.
        package = Path(temporary) / next(iter(modules))
        bundled = sorted(path.name for path in package.iterdir() if path.is_dir() and "." not in path.name)
        size = f"{zipped(package) / 1e6:.1f} MB zipped, {unzipped(package) / 1e6:.1f} MB unzipped"
        starts = [start(function, module, package) for function, module in modules.items()]
    table = Table(title="Import of the handler and its first client")
    table.add_column("function", no_wrap=True)
    for column in ("seconds", "boto3 alone", "ratio", "from", "to"):
        table.add_column(column, justify="right")
    for measured in starts:
        ratios = measured.ratios
        cells = (median(measured.ours), median(measured.boto3_alone), median(ratios), ratios[0], ratios[-1])
        table.add_row(measured.function, *(f"{cell:.2f}" for cell in cells))
    console = Console()
    console.print(f"The package: {size}; it holds {', '.join(bundled)}.")
    console.print(table)


if __name__ == "__main__":
    main()
