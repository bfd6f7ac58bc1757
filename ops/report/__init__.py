"""The audit report of a live account, also before a deployment; it changes nothing."""

import sys
from pathlib import Path

# The report uses the modules of the functions, which are not an installed package. Installed packages come first.
sys.path.append(str(Path(__file__).parents[2] / "functions"))
