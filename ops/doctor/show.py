"""Prints findings for people, or writes them for programs."""

import json
from collections.abc import Sequence
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from ops.doctor.findings import Finding, Level

_SIGNS = {
    Level.OK: ("ok  ", "green"),
    Level.WARNING: ("warn", "yellow"),
    Level.UNKNOWN: ("?   ", "magenta"),
    Level.FAILURE: ("FAIL", "bold red"),
}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print a line for each finding, its remedy below it, and the number of findings of each level."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        margin = " " * (width + 8)
        lines = wrap(finding.text, max(console.width - len(margin), 30), break_on_hyphens=False)
        text = f"\n{margin}".join(lines)
        console.print(Text.assemble((sign, style), "  ", (finding.check.ljust(width), "bold"), "  ", text))
        if finding.remedy:
            # A command that is broken over several lines cannot be copied.
            console.print(Text(f"{margin}{finding.remedy}", style="cyan"), soft_wrap=True)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print()
    console.print(
        f"{counts[Level.FAILURE]} failed, {counts[Level.UNKNOWN]} unknown, {counts[Level.WARNING]} to check, "
        f"{counts[Level.OK]} ok"
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Write the findings as JSON."""
    return json.dumps(
        [
            {"check": each.check, "level": each.level, "text": each.text, "remedy": each.remedy or None}
            for each in findings
        ],
        indent=2,
    )
