"""Checks whether the account is ready for a deployment, and whether the deployed stack works."""

import argparse
import inspect
import sys
from datetime import UTC, datetime
from textwrap import fill

from rich.console import Console

from ops.doctor.checks import CHECKS, findings_on
from ops.doctor.findings import Finding, Level
from ops.doctor.gathering import ADAPTERS, gather
from ops.doctor.show import as_json, show
from ops.programs import STACK, Arguments, exit_status
from ops.progress import progress
from ops.read_only import policy_for, read_only_session

_PROGRAM = "ops.doctor"
_READS = """\
It reads with your own credentials (AWS_PROFILE and the like), and cannot write. --policy prints every call as an IAM
policy. samconfig.toml is read as well.

checks, those of the stack only if it is deployed:
{checks}"""
_STATUSES = """\
exit status (through make, every status but 0 becomes 2):
  0    no check failed, and everything could be read; before the first deployment too
  1    a check failed
  2    AWS could not be called (no credentials, no such profile, no network), or an argument is wrong
  3    no check failed, but something could not be read
  130  the program was interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Check, print the findings, and return the exit status as the help lists it."""
    options = _parser().parse_args(arguments)
    stdout, stderr = Console(highlight=False), Console(stderr=True, highlight=False)
    if options.policy:
        stdout.print(policy_for(ADAPTERS), soft_wrap=True, markup=False)
        return 0
    return exit_status(lambda: _check(options, stdout, stderr), stderr, _PROGRAM)


def _check(options: argparse.Namespace, stdout: Console, stderr: Console) -> int:
    session = read_only_session(options.region)
    with progress(session, stderr):
        facts = gather(session, options.stack_name or STACK, datetime.now(UTC))
    findings = findings_on(facts)
    if options.json:
        stdout.print(as_json(findings), soft_wrap=True, markup=False)
    else:
        show(findings, stdout)
    return _status(findings)


def _status(findings: list[Finding]) -> int:
    levels = {finding.level for finding in findings}
    if Level.FAILURE in levels:
        return 1
    return 3 if Level.UNKNOWN in levels else 0


def _parser() -> argparse.ArgumentParser:
    checks = "\n".join(
        fill(inspect.getdoc(check) or "", 118, initial_indent="  ", subsequent_indent="    ") for check in CHECKS
    )
    parser = Arguments(_PROGRAM, __doc__, _READS.format(checks=checks), _STATUSES)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
