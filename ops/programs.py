"""What ops' programs have in common: their arguments, and one line for what keeps AWS from being asked."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError
from rich.console import Console

STACK = "mfa-enforcer"
REGION = "us-east-1"

# Statuses that every program ends with; those of 0, 1 and 3 differ.
NOT_ASKED = 2
INTERRUPTED = 130

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_SIGN_IN = "Sign in first, with aws login or aws sso login. Whether you are: aws sts get-caller-identity"
_NO_ANSWER = (ConnectionError, HTTPClientError, ResponseParserError)


class Arguments(argparse.ArgumentParser):
    """Takes the arguments; refuses wrong ones in one line, with status 2."""

    def __init__(self, program: str, description: str | None, reads: str, statuses: str) -> None:
        super().__init__(
            prog=f"python -m {program}",
            description=description,
            epilog=f"{reads}\n\n{statuses}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("--stack-name", type=_stack_name, help=f"the stack to look at (default: {STACK})")
        self.add_argument(
            "--region", type=_region, default=REGION, help="where it is, or is to be (default: %(default)s)"
        )
        self.add_argument("--policy", action="store_true", help="only print the IAM policy that is enough to run this")

    def error(self, message: str) -> NoReturn:
        """End, and say what is wrong and where to find what is right."""
        self.exit(NOT_ASKED, f"{message}. What there is: {self.prog} --help\n")


def _stack_name(text: str) -> str:
    return _matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", text, f"name of a stack, such as {STACK}")


def _region(text: str) -> str:
    return _matching(r"[a-z]{2,}(-[a-z]+)+-[0-9]+", text, f"Region, such as {REGION}")


def _matching(pattern: str, text: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        message = f"{text!r} is no {what}"
        raise argparse.ArgumentTypeError(message)
    return text


def ended(work: Callable[[], int], said: Console, program: str) -> int:
    """Do the work, and return its status; say in one line what kept AWS from being asked, and return 2."""
    try:
        return work()
    except (BotoCoreError, ClientError, ResponseParserError, ValueError) as error:
        # botocore has no error of its own for an AWS_ENDPOINT_URL that is no address.
        if isinstance(error, ValueError) and "Invalid endpoint" not in str(error):
            raise
        what = " ".join(str(error).split()).removesuffix(".")
        said.print(f"AWS cannot be asked: {what}. {_hint(error, program)}", markup=False, soft_wrap=True)
        return NOT_ASKED
    except KeyboardInterrupt:
        return INTERRUPTED


def _hint(error: Exception, program: str) -> str:
    match error:
        case ProfileNotFound():
            return "These are the profiles: aws configure list-profiles"
        case ClientError(response={"Error": {"Code": code}}) if code in _DENIED:
            return f"This is the IAM policy that is enough: python -m {program} --policy"
        case ClientError(response={"Error": {"Code": "Throttling" | "ThrottlingException"}}):
            return "Try again in a minute"
        case ValueError():
            return "Is AWS_ENDPOINT_URL an address, such as http://127.0.0.1:4566? Unset it to ask AWS itself"
        case _ if isinstance(error, _NO_ANSWER):
            return "Is there a way to the network, and is this a Region of AWS? Is AWS_ENDPOINT_URL set by mistake?"
        case _:
            return _SIGN_IN
