"""What is said where a fact could not be read."""

from ops.doctor.facts import Unreadable
from ops.doctor.findings import Finding, warning

POLICY_COMMAND = ".venv/bin/python -m ops.doctor --policy"


def unreadable(check: str, fact: Unreadable) -> Finding:
    """Name the permission that is missing, or what AWS answered instead."""
    if fact.denied:
        return warning(
            check, f"could not be read: needs {fact.permission}", f"{POLICY_COMMAND}  # what ops need to read"
        )
    return warning(check, f"could not be read: {fact.permission} answered {fact.code}", "make doctor  # try again")
