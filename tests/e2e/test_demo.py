"""The demo plays to its end, and says only what happened."""

import os
import re
import subprocess
import sys

import pytest

from local.cloud import ROOT


@pytest.fixture(scope="module")
def shown() -> str:
    """What the demo shows where nobody watches a terminal."""
    environment = {"LOCAL_CLOUD_PORT": "0", "PYTHONIOENCODING": "utf-8"}
    played = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    return played.stdout


def test_the_demo_shows_how_long_the_policy_took_and_who_was_left_alone(shown: str) -> None:
    _, table = shown.split("the policy mfa-control")
    alice, bob, backup = table.splitlines()[2:5]

    assert "attached after" in alice
    assert "attached after" in bob
    assert "left alone" in backup


def test_the_demo_shows_the_mails_and_where_to_read_them(shown: str) -> None:
    files = [ROOT / name for name in re.findall(r"\.local/demo/\d+-alice\.html", shown)]
    assert len(files) == 3
    for file in files:
        assert "alice" in file.read_text(encoding="utf-8")


def test_the_demo_leaves_the_policy_on_nobody(shown: str) -> None:
    assert "The policy is left on: nobody." in shown


def test_nothing_moves_where_the_output_is_no_terminal(shown: str) -> None:
    assert "\x1b" not in shown
    assert "\r" not in shown
