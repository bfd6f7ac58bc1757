"""Writes the audit report of the account as it is now, to a file or to standard output."""

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops.read_only import policy_for, read_only_session
from ops.report.audit_json import audit_json
from ops.report.gathering import ADAPTERS, report_on
from reports.audit.page import audit_page
from reports.audit.report import AuditReport
from reports.audit.table import audit_csv

_FORMATS: Mapping[str, Callable[[AuditReport], str]] = {"html": audit_page, "csv": audit_csv, "json": audit_json}


def main(arguments: list[str] | None = None) -> int:
    """Read the account, write the report; return 2 where AWS cannot be asked."""
    options = _parser().parse_args(arguments)
    if options.policy:
        sys.stdout.write(f"{policy_for(ADAPTERS)}\n")
        return 0
    try:
        report = report_on(read_only_session(options.region), options.stack_name, datetime.now(UTC))
    except (BotoCoreError, ClientError) as error:
        Console(stderr=True).print(f"AWS cannot be asked: {error}", markup=False)
        return 2
    written = _FORMATS[options.format](report)
    if options.output:
        # With the mark in front, Excel takes a table for UTF-8 too.
        options.output.write_text(written, encoding="utf-8-sig" if options.format == "csv" else "utf-8", newline="")
        Console(stderr=True).print(f"{len(report.rows):,} users: {options.output}", markup=False)
    else:
        sys.stdout.write(f"{written.rstrip()}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.report", description=__doc__)
    parser.add_argument("--format", choices=sorted(_FORMATS), default="html", help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the file to write (default: standard output)")
    parser.add_argument(
        "--stack-name", default="mfa-enforcer", help="the stack, if there is one (default: %(default)s)"
    )
    parser.add_argument("--region", default="us-east-1", help="where the stack is (default: %(default)s)")
    parser.add_argument("--policy", action="store_true", help="only print the IAM policy that is enough to run this")
    return parser


if __name__ == "__main__":
    sys.exit(main())
