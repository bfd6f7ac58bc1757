"""Tells whether the account is ready for a deployment, and whether what is deployed works."""

import argparse
import re
import sys
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, ProfileNotFound
from rich.console import Console

from ops.doctor.checks import findings_on
from ops.doctor.findings import Finding, Level
from ops.doctor.gathering import ADAPTERS, gather
from ops.doctor.show import as_json, show
from ops.read_only import policy_for, read_only_session

_STATUSES = """\
exit status:
  0  nothing has failed, and everything could be read (before the first deployment too)
  1  something does not work
  2  AWS could not be asked: no credentials, no such profile, no network
  3  nothing is known to have failed, but something could not be read
"""


def main(arguments: list[str] | None = None) -> int:
    """Check, show, and return the status that the help tells of."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    if options.policy:
        console.print(policy_for(ADAPTERS), soft_wrap=True, markup=False)
        return 0
    try:
        facts = gather(read_only_session(options.region), options.stack_name, datetime.now(UTC))
    except (BotoCoreError, ClientError) as error:
        Console(stderr=True).print(f"AWS cannot be asked: {error}\n{_hint(error)}", markup=False, soft_wrap=True)
        return 2
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


def _hint(error: Exception) -> str:
    match error:
        case ProfileNotFound():
            return "These are the profiles: aws configure list-profiles"
        case ConnectionError() | HTTPClientError():
            return "Is there a way to the network, and is this a Region of AWS?"
        case _:
            return "Sign in first, with aws login or aws sso login. Whether you are: aws sts get-caller-identity"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops.doctor",
        description=__doc__,
        epilog=_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--stack-name", type=_stack_name, default="mfa-enforcer", help="the stack to look at (default: %(default)s)"
    )
    parser.add_argument(
        "--region", type=_region, default="us-east-1", help="where it is, or is to be (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--policy", action="store_true", help="only print the IAM policy that is enough to run this")
    return parser


def _stack_name(text: str) -> str:
    return _matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", text, "name of a stack")


def _region(text: str) -> str:
    return _matching(r"[a-z]{2,}(-[a-z]+)+-[0-9]+", text, "Region")


def _matching(pattern: str, text: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        message = f"no {what}: {text!r}"
        raise argparse.ArgumentTypeError(message)
    return text


if __name__ == "__main__":
    sys.exit(main())
