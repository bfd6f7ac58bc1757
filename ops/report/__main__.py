"""Writes the audit report of the account as it is now, to a file or to standard output."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from domain.text import counted
from ops.programs import NOT_ASKED, STACK, Arguments, ended
from ops.progress import progress
from ops.read_only import policy_for, read_only_session
from ops.report.audit_json import audit_json
from ops.report.gathering import ADAPTERS, report_on
from reports.audit.page import audit_page
from reports.audit.report import AuditReport
from reports.audit.table import audit_csv

_FORMATS: Mapping[str, Callable[[AuditReport], str]] = {"html": audit_page, "csv": audit_csv, "json": audit_json}
_PROGRAM = "ops.report"
_NOT_WRITTEN = 1
_READS = """\
It reads with your own credentials (AWS_PROFILE and the like), and cannot write: IAM's users, groups, devices and
credential report, and of the stack its parameters and the table of people. --policy lists every call."""
_STATUSES = """\
exit status (through make, every one but 0 becomes 2):
  0    the report is written; without a stack it says what it does not know
  1    the report could not be written to its file
  2    AWS could not be asked, an argument is wrong, or there is no stack of the name that --stack-name gives:
       then the report is written, and says what it does not know
  130  it was interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Read the account, write the report, and return the status that the help tells of."""
    options = _parser().parse_args(arguments)
    if options.policy:
        sys.stdout.write(f"{policy_for(ADAPTERS)}\n")
        return 0
    said = Console(stderr=True, highlight=False)
    return ended(lambda: _report(options, said), said, _PROGRAM)


def _report(options: argparse.Namespace, said: Console) -> int:
    session = read_only_session(options.region)
    with progress(session, said):
        report = report_on(session, options.stack_name or STACK, datetime.now(UTC))
    try:
        _write(report, options, said)
    except OSError as error:
        said.print(f"The report cannot be written: {error}", markup=False, soft_wrap=True)
        return _NOT_WRITTEN
    if not report.not_deployed:
        return 0
    said.print(
        f"{report.not_deployed}: the report cannot say who is enforced or reminded. "
        "Deployed under another name or elsewhere? make report STACK=name REGION=region",
        markup=False,
        soft_wrap=True,
    )
    return NOT_ASKED if options.stack_name else 0


def _write(report: AuditReport, options: argparse.Namespace, said: Console) -> None:
    """Write the report; raises OSError."""
    written = _FORMATS[options.format](report)
    if options.output:
        # With the mark in front, Excel takes a table for UTF-8 too.
        options.output.write_text(written, encoding="utf-8-sig" if options.format == "csv" else "utf-8", newline="")
        users = counted(len(report.rows), "user", "users")
        said.print(f"{users}: {options.output}", markup=False, soft_wrap=True)
    else:
        sys.stdout.write(f"{written.rstrip()}\n")


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(_PROGRAM, __doc__, _READS, _STATUSES)
    parser.add_argument("--format", choices=sorted(_FORMATS), default="html", help="(default: %(default)s)")
    parser.add_argument("--output", type=_file, help="the file to write (default: standard output)")
    return parser


def _file(text: str) -> Path:
    """Return the path of a file that can be written, as far as can be told before the account is read."""
    path = Path(text)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent} for {path.name}: make it first, or name another file"
    elif path.is_dir():
        message = f"{path} is a folder: name a file in it"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        message = f"{path} may not be written: name another file"
    else:
        return path
    raise argparse.ArgumentTypeError(message)


if __name__ == "__main__":
    sys.exit(main())
