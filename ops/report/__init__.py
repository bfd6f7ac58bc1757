"""The audit report as of now, made from a live account: before a deployment too, and without changing anything."""

import sys
from pathlib import Path

# It is made as the functions make it, of their modules, which are no installed package. What is installed comes first.
sys.path.append(str(Path(__file__).parents[2] / "functions"))
