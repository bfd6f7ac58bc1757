"""The parameters that samconfig.toml sets at the next deployment, and the check of them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.doctor.checks import findings_on
from ops.doctor.facts import Unreadable
from ops.doctor.findings import Finding, Level
from ops.doctor.reads.samconfig import samconfig_parameters
from tests.unit.ops.doctor_facts import with_deployed

ROOT = Path(__file__).parents[3]


def finding_on(samconfig: Mapping[str, str] | Unreadable) -> Finding:
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
    """Every form of parameter_overrides that SAM takes gives the same parameters."""
    samconfig.write_text(f"version = 0.1\n[default.deploy.parameters]\nparameter_overrides = {overrides}\n")

    assert samconfig_parameters(samconfig) == {"DryRun": "false", "Contact": "cloud team, 3rd floor", "SenderEmail": ""}


def test_overrides_for_all_commands(samconfig: Path) -> None:
    """Parameters of all commands are set at a deployment too; those of deployments override them."""
    samconfig.write_text(
        '[default.global.parameters]\nparameter_overrides = ["DryRun=true"]\n'
        '[default.deploy.parameters]\nparameter_overrides = ["DryRun=false"]\n'
    )

    assert samconfig_parameters(samconfig) == {"DryRun": "false"}


@pytest.mark.parametrize(
    "text", ["parameter_overrides = [", "parameter_overrides = 1", 'parameter_overrides = "a"', ""]
)
def test_unreadable_overrides(samconfig: Path, text: str) -> None:
    """Overrides that cannot be read are unknown, and the finding names the file; a file without overrides is ok."""
    samconfig.write_text(f"[default.deploy.parameters]\n{text}\n")

    parameters = samconfig_parameters(samconfig)

    if not text:
        assert parameters == {}
        return
    assert isinstance(parameters, Unreadable)
    finding = finding_on(parameters)
    assert finding.level is Level.UNKNOWN
    assert "samconfig.toml" in finding.text


def test_no_samconfig(samconfig: Path) -> None:
    """Without a file no parameters are set."""
    assert samconfig_parameters(samconfig) == {}


def test_own_samconfig() -> None:
    """The file of this repository sets no parameter, so that the stack keeps its values."""
    assert samconfig_parameters(ROOT / "samconfig.toml") == {}


def test_differing_parameters() -> None:
    """The check names each parameter that the next deployment would change; the remedy keeps their values."""
    finding = finding_on({"DryRun": "true", "NotOurs": "1"})

    assert finding.level is Level.WARNING
    assert finding.text.endswith("sam deploy change DryRun from false to true")
    assert finding.remedy.startswith("git stash push samconfig.toml")


@pytest.mark.parametrize("parameters", [{}, {"DryRun": "false"}])
def test_kept_parameters(parameters: dict[str, str]) -> None:
    """The same values and no values are ok."""
    assert finding_on(parameters).level is Level.OK
