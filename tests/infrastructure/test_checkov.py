"""The template passes checkov's rules, and those that checkov cannot check."""

import pytest
from rich.console import Console

from tests import audit
from tests.template import Template

RESOURCES = Template(AlertEmail="ops@example.com").resources
QUEUES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::SQS::Queue"]


@pytest.mark.skipif(not audit.TOOLS.exists(), reason="checkov is installed by make audit")
def test_template_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """The template passes checkov."""
    assert audit.checkov(Console()), capsys.readouterr().out


@pytest.mark.parametrize("name", QUEUES)
def test_queue_is_encrypted(name: str) -> None:
    """Every queue is encrypted."""
    assert RESOURCES[name]["Properties"]["SqsManagedSseEnabled"] is True
