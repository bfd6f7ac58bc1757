"""Writes the audit report of the account as it is now, to a file or to standard output."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from domain.text import counted
from ops.programs import NOT_CALLED, STACK, Arguments, exit_status
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
It reads with your own credentials (AWS_PROFILE and the like), and cannot write. It reads IAM's users, groups, MFA
devices and credential report, the parameters of the stack, and the people table. --policy prints every call as an IAM
policy."""
_STATUSES = """\
exit status (through make, every status but 0 becomes 2):
  0    the report is written; without a stack it says what is unknown
  1    the file could not be written
  2    AWS could not be called, an argument is wrong, or there is no stack of the name in --stack-name; in the last case
       the report is written, and says what is unknown
  130  the program was interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Read the account, write the report, and return the exit status as the help lists it."""
    options = _parser().parse_args(arguments)
    if options.policy:
        sys.stdout.write(f"{policy_for(ADAPTERS)}\n")
        return 0
    stderr = Console(stderr=True, highlight=False)
    return exit_status(lambda: _report(options, stderr), stderr, _PROGRAM)


def _report(options: argparse.Namespace, stderr: Console) -> int:
    session = read_only_session(options.region)
    with progress(session, stderr):
        report = report_on(session, options.stack_name or STACK, datetime.now(UTC))
    try:
        _write(report, options, stderr)
    except OSError as error:
        stderr.print(f"The report cannot be written: {error}", markup=False, soft_wrap=True)
        return _NOT_WRITTEN
    if not report.not_deployed:
        return 0
    stderr.print(
        f"{report.not_deployed}, so the report does not say which users are enforced or reminded. "
        "If the stack has another name or Region: make report STACK=name REGION=region",
        markup=False,
        soft_wrap=True,
    )
    return NOT_CALLED if options.stack_name else 0


def _write(report: AuditReport, options: argparse.Namespace, stderr: Console) -> None:
    """Write the report; raises OSError."""
    text = _FORMATS[options.format](report)
    if options.output:
        # Excel reads a table as UTF-8 only if it starts with a byte order mark.
        options.output.write_text(text, encoding="utf-8-sig" if options.format == "csv" else "utf-8", newline="")
        users = counted(len(report.rows), "user", "users")
        stderr.print(f"{users}: {options.output}", markup=False, soft_wrap=True)
    else:
        sys.stdout.write(f"{text.rstrip()}\n")


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(_PROGRAM, __doc__, _READS, _STATUSES)
    parser.add_argument(
        "--format", choices=sorted(_FORMATS), default="html", help="the format of the report (default: %(default)s)"
    )
    parser.add_argument("--output", type=_file, help="the file to write (default: standard output)")
    return parser


def _file(text: str) -> Path:
    """Return the path, if it can probably be written; otherwise end before the account is read."""
    path = Path(text)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent} for {path.name}: create it, or name another file"
    elif path.is_dir():
        message = f"{path} is a folder: name a file in it"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        message = f"you may not write {path}: name another file"
    else:
        return path
    raise argparse.ArgumentTypeError(message)


if __name__ == "__main__":
    sys.exit(main())
