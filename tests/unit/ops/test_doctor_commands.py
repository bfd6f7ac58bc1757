"""The commands of remedies, as a shell reads them."""

import pytest

from ops.doctor.commands import Commands
from tests.commands import calls_in


@pytest.mark.parametrize(
    "value",
    ["plain", "two words", "it's", "it's $HOME", """it's "quoted\"""", "it's `id`", "it's \\", "it's!", "'", ""],
)
def test_quoted_value(value: str) -> None:
    """A shell passes each value on as it is."""
    command = Commands("us-east-1", "mfa-enforcer").aws("iam get-user", user_name=value)

    assert calls_in(command) == [["aws", "iam", "get-user", "--region", "us-east-1", "--user-name", value]]
