"""The template by checkov's rules, and by those that checkov cannot see."""

import pytest
from rich.console import Console

from tests import audit
from tests.template import Template

RESOURCES = Template(AlertEmail="ops@example.com").resources
QUEUES = [name for name, found in RESOURCES.items() if found["Type"] == "AWS::SQS::Queue"]


@pytest.mark.skipif(not audit.TOOLS.exists(), reason="checkov is installed by make audit")
def test_the_template_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.checkov(Console()), capsys.readouterr().out


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_encrypted(name: str) -> None:
    assert RESOURCES[name]["Properties"]["SqsManagedSseEnabled"] is True
