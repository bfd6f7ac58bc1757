"""Tells whether the account is ready for a deployment, and whether what is deployed works."""

import argparse
import sys
from datetime import UTC, datetime

from rich.console import Console

from ops.doctor.checks import findings_on
from ops.doctor.findings import Finding, Level
from ops.doctor.gathering import ADAPTERS, gather
from ops.doctor.show import as_json, show
from ops.programs import STACK, Arguments, ended
from ops.progress import progress
from ops.read_only import policy_for, read_only_session

_PROGRAM = "ops.doctor"
_READS = """\
It reads with your own credentials (AWS_PROFILE and the like), and cannot write: trails, IAM's quotas, and of the stack
whatever can be switched off, ring, fill up or be deleted. --policy lists every call. samconfig.toml is read, too."""
_STATUSES = """\
exit status (through make, every one but 0 becomes 2):
  0    nothing has failed, and everything could be read (before the first deployment too)
  1    something does not work
  2    AWS could not be asked: no credentials, no such profile, no network; or an argument is wrong
  3    nothing is known to have failed, but something could not be read
  130  it was interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Check, show, and return the status that the help tells of."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    if options.policy:
        console.print(policy_for(ADAPTERS), soft_wrap=True, markup=False)
        return 0
    said = Console(stderr=True, highlight=False)
    return ended(lambda: _check(options, console, said), said, _PROGRAM)


def _check(options: argparse.Namespace, console: Console, said: Console) -> int:
    session = read_only_session(options.region)
    with progress(session, said):
        facts = gather(session, options.stack_name or STACK, datetime.now(UTC))
    findings = findings_on(facts)
    if options.json:
        console.print(as_json(findings), soft_wrap=True, markup=False)
    else:
        show(findings, console)
    return _status(findings)


def _status(findings: list[Finding]) -> int:
    levels = {finding.level for finding in findings}
    if Level.FAILURE in levels:
        return 1
    return 3 if Level.UNKNOWN in levels else 0


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(_PROGRAM, __doc__, _READS, _STATUSES)
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
