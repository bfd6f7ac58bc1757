"""The whole system on this machine, without AWS and without Docker. Never deployed."""

import sys
from pathlib import Path

# Mails are worded as the functions word them, by their modules, which are no installed package.
sys.path.append(str(Path(__file__).parents[1] / "functions"))
