"""The demo plays to its end, and says only what happened."""

import os
import re
import subprocess
import sys

import pytest

from local.cloud import ROOT


@pytest.fixture(scope="module")
def shown() -> str:
    """The output of the demo without a terminal."""
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


def test_table_of_new_users(shown: str) -> None:
    """The demo shows how long the attachment took, and who was left alone."""
    _, table = shown.split("the policy mfa-control")
    alice, bob, backup = table.splitlines()[2:5]

    assert "attached after" in alice
    assert "attached after" in bob
    assert "left alone" in backup


def test_mails_are_saved(shown: str) -> None:
    """The demo names the files of the mails."""
    files = [ROOT / name for name in re.findall(r"\.local/demo/\d+-alice\.html", shown)]
    assert len(files) == 3
    for file in files:
        assert "alice" in file.read_text(encoding="utf-8")


def test_existing_users(shown: str) -> None:
    """An existing user is enforced only after the mail that announces the day."""
    said = " ".join(shown.split())

    assert "dora was told just now, and has seven days: neither user is enforced." in said
    assert "emil is told, and the day has come: emil is enforced." in said


def test_nobody_stays_enforced(shown: str) -> None:
    """After the stack's deletion the policy is attached to nobody."""
    assert "The policy is still attached to: nobody." in shown


def test_no_control_characters(shown: str) -> None:
    """Without a terminal the output has no escape sequences and no carriage returns."""
    assert "\x1b" not in shown
    assert "\r" not in shown
