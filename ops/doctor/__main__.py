"""Tells whether the account is ready for a deployment, and whether what is deployed works."""

import argparse
import sys
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops.doctor.checks import findings_on
from ops.doctor.findings import Level
from ops.doctor.gathering import ADAPTERS, gather
from ops.doctor.show import as_json, show
from ops.read_only import policy_for, read_only_session


def main(arguments: list[str] | None = None) -> int:
    """Check, show, and return 1 where something does not work; 2 where there is nobody to ask."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    if options.policy:
        console.print(policy_for(ADAPTERS), soft_wrap=True, markup=False)
        return 0
    try:
        facts = gather(read_only_session(options.region), options.stack_name, datetime.now(UTC))
    except (BotoCoreError, ClientError) as error:
        Console(stderr=True).print(
            f"AWS cannot be asked: {error}\nSign in first: aws sts get-caller-identity", markup=False
        )
        return 2
    findings = findings_on(facts)
    if options.json:
        console.print(as_json(findings), soft_wrap=True, markup=False)
    else:
        show(findings, console)
    return int(any(finding.level is Level.FAILURE for finding in findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.doctor", description=__doc__)
    parser.add_argument("--stack-name", default="mfa-enforcer", help="the stack to look at (default: %(default)s)")
    parser.add_argument("--region", default="us-east-1", help="where it is, or is to be (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--policy", action="store_true", help="only print the IAM policy that is enough to run this")
    return parser


if __name__ == "__main__":
    sys.exit(main())
