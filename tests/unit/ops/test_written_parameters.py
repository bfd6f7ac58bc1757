"""What samconfig.toml would set at the next deployment, and what the doctor says of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.doctor.checks import findings_on
from ops.doctor.facts import Unreadable
from ops.doctor.findings import Finding, Level
from ops.doctor.reads.samconfig import written_parameters
from tests.unit.ops.test_doctor_checks import with_deployed

ROOT = Path(__file__).parents[3]


def parameters_finding(samconfig: Mapping[str, str] | Unreadable) -> Finding:
    [finding] = (each for each in findings_on(with_deployed(samconfig=samconfig)) if each.check == "Parameters")
    return finding


@pytest.fixture
def samconfig(tmp_path: Path) -> Path:
    return tmp_path / "samconfig.toml"


@pytest.mark.parametrize(
    "overrides",
    [
        # What `sam deploy --guided` writes.
        '"DryRun=\\"false\\" Contact=\\"cloud team, 3rd floor\\" SenderEmail=\\"\\""',
        '["DryRun=false", "Contact=\'cloud team, 3rd floor\'", "SenderEmail="]',
        "\"ParameterKey=DryRun,ParameterValue=false ParameterKey=Contact,ParameterValue='cloud team, 3rd floor' "
        "ParameterKey=SenderEmail,ParameterValue=''\"",
        '{ DryRun = false, Contact = "cloud team, 3rd floor", SenderEmail = "" }',
    ],
)
def test_every_form_of_overrides(samconfig: Path, overrides: str) -> None:
    """All forms of parameter_overrides that SAM takes are read alike."""
    samconfig.write_text(f"version = 0.1\n[default.deploy.parameters]\nparameter_overrides = {overrides}\n")

    assert written_parameters(samconfig) == {"DryRun": "false", "Contact": "cloud team, 3rd floor", "SenderEmail": ""}


def test_overrides_for_all_commands(samconfig: Path) -> None:
    """What is set for every command counts for a deployment too, and what is set for deployments counts more."""
    samconfig.write_text(
        '[default.global.parameters]\nparameter_overrides = ["DryRun=true"]\n'
        '[default.deploy.parameters]\nparameter_overrides = ["DryRun=false"]\n'
    )

    assert written_parameters(samconfig) == {"DryRun": "false"}


@pytest.mark.parametrize(
    "text", ["parameter_overrides = [", "parameter_overrides = 1", 'parameter_overrides = "a"', ""]
)
def test_unreadable_overrides(samconfig: Path, text: str) -> None:
    """What cannot be read is unknown, and the finding names the file; a file without overrides has none."""
    samconfig.write_text(f"[default.deploy.parameters]\n{text}\n")

    found = written_parameters(samconfig)

    if not text:
        assert found == {}
        return
    assert isinstance(found, Unreadable)
    finding = parameters_finding(found)
    assert finding.level is Level.UNKNOWN
    assert "samconfig.toml" in finding.text


def test_no_file(samconfig: Path) -> None:
    assert written_parameters(samconfig) == {}


def test_the_projects_own_file() -> None:
    """The file of the project sets no parameter, so that the stack keeps what ops have chosen."""
    assert written_parameters(ROOT / "samconfig.toml") == {}


def test_differing_parameters() -> None:
    """The doctor names each parameter that the next deployment would change, and how to keep it."""
    written = {"DryRun": "true", "NotOurs": "1"}

    finding = parameters_finding(written)

    assert finding.level is Level.WARNING
    assert finding.text.endswith("samconfig.toml says so: DryRun from false to true")
    assert finding.remedy.startswith("git stash push samconfig.toml")


@pytest.mark.parametrize("written", [{}, {"DryRun": "false"}])
def test_parameters_that_stay(written: dict[str, str]) -> None:
    finding = parameters_finding(written)

    assert finding.level is Level.OK
