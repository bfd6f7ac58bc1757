"""Shows findings, to people or to programs."""

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
    """Print a line for each finding, and below it the command that mends it, ready to be copied."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        margin = " " * (width + 8)
        lines = wrap(finding.text, max(console.width - len(margin), 30), break_on_hyphens=False)
        text = f"\n{margin}".join(lines)
        console.print(Text.assemble((sign, style), "  ", (finding.check.ljust(width), "bold"), "  ", text))
        if finding.remedy:
            # Not wrapped: a command that is broken over lines cannot be copied.
            console.print(Text(f"{margin}{finding.remedy}", style="cyan"), soft_wrap=True)
    counts = {level: sum(finding.level is level for finding in findings) for level in Level}
    console.print()
    console.print(
        f"{counts[Level.FAILURE]} failed, {counts[Level.UNKNOWN]} not known, {counts[Level.WARNING]} to look at, "
        f"{counts[Level.OK]} ok"
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Write the findings for a program."""
    return json.dumps(
        [
            {"check": each.check, "level": each.level, "text": each.text, "remedy": each.remedy or None}
            for each in findings
        ],
        indent=2,
    )
