"""The whole system on this machine, without AWS and without Docker. Never deployed."""

import sys
from pathlib import Path

# The mails come from the functions' own modules, which are not an installed package.
sys.path.append(str(Path(__file__).parents[1] / "functions"))
