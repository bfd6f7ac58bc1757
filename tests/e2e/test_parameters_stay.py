"""The parameters that ops chose stay, through the commands that the documents give."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest

from local.cloud import ROOT, Cloud
from local.stack import Stack
from local.start import started
from tests.commands import calls_in

README, OPERATING = ROOT / "README.md", ROOT / "docs" / "operating.md"
NAME = "mfa-enforcer"
# git needs an author for commits and stashes.
OPS = {f"GIT_{role}_{key}": "ops@example.com" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A local cloud without a stack."""
    with started() as cloud:
        yield cloud


@pytest.fixture
def checkout(cloud: Cloud, tmp_path: Path) -> Path:
    return checked_out(cloud, tmp_path)


def test_parameters_stay(cloud: Cloud, checkout: Path) -> None:
    """A deployment changes only the parameters that it names, on the first day and after an upgrade."""
    chosen: dict[str, str] = {}

    for command in deployments(README.read_text()):
        played(command, cloud, checkout)
        chosen |= overrides_in(command)
        if command.startswith("sam deploy"):
            assert chosen.items() <= deployed(cloud).items()

    assert chosen.keys() >= {"AlertEmail", "SenderEmail", "ExistingUsers", "DryRun"}
    for command in section("Upgrade"):
        played(command, cloud, checkout)
    assert chosen.items() <= deployed(cloud).items()


def test_answers_of_guide(cloud: Cloud, checkout: Path) -> None:
    """The upgrade keeps what ops chose after `sam deploy --guided` had saved other answers."""
    played("sam build", cloud, checkout)
    played(f"sam deploy --guided --no-confirm-changeset --stack-name {NAME}", cloud, checkout, typed="\n" * 60)
    assert "parameter_overrides" in (checkout / "samconfig.toml").read_text()
    played(f"sam deploy --stack-name {NAME} --parameter-overrides SenderEmail=mfa@example.com", cloud, checkout)

    for command in section("Upgrade"):
        played(command, cloud, checkout)

    assert deployed(cloud)["SenderEmail"] == "mfa@example.com"


def checked_out(cloud: Cloud, folder: Path) -> Path:
    """Return a clone of the project as ops have it, which sam deploys by its own samconfig.toml."""
    upstream, checkout = folder / "upstream", folder / "checkout"
    upstream.mkdir()
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, upstream)
    shutil.copytree(ROOT / "functions", upstream / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    release = f"git init --quiet && git add . && git commit --quiet --message release && git clone --quiet . {checkout}"
    played(release, cloud, upstream)
    return checkout


def deployments(document: str) -> Iterator[str]:
    """Yield the lines of a document's shell blocks that build or deploy."""
    for block in re.findall(r"^```sh\n(.*?)^```", document, re.DOTALL | re.MULTILINE):
        yield from re.findall(r"^(?:sam build|sam deploy|git (?!checkout)).*", block, re.MULTILINE)


def section(title: str) -> list[str]:
    """Return the lines of a section of the runbook that build or deploy."""
    text = OPERATING.read_text().partition(f"\n## {title}\n")[2]
    return list(deployments(text.partition("\n## ")[0]))


def overrides_in(command: str) -> dict[str, str]:
    [words] = calls_in(command)
    return dict(word.split("=", 1) for word in words if "=" in word)


def played(command: str, cloud: Cloud, folder: Path, typed: str = "y\n") -> None:
    """Run a command as ops type it, and answer its questions."""
    done = run(  # noqa: S603  # the documents' own commands
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**cloud.environment(), **OPS, "STACK": NAME},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def deployed(cloud: Cloud) -> dict[str, str]:
    """Return the parameters of the stack."""
    return dict(Stack(cloud, NAME).parameters)
