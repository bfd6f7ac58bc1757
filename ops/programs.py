"""The arguments and the exit statuses that the doctor and the report share."""

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

# The exit statuses that mean the same in both programs.
NOT_CALLED = 2
INTERRUPTED = 130

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_SIGN_IN = "Sign in with aws login or aws sso login. This shows whether you are signed in: aws sts get-caller-identity"
_NO_ANSWER = (ConnectionError, HTTPClientError, ResponseParserError)


class Arguments(argparse.ArgumentParser):
    """Parses the arguments; ends with one line and status 2 if one is wrong."""

    def __init__(self, program: str, description: str | None, reads: str, statuses: str) -> None:
        super().__init__(
            prog=f"python -m {program}",
            description=description,
            epilog=f"{reads}\n\n{statuses}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("--stack-name", type=_stack_name, help=f"the name of the stack (default: {STACK})")
        self.add_argument(
            "--region", type=_region, default=REGION, help="the Region of the stack (default: %(default)s)"
        )
        self.add_argument("--policy", action="store_true", help="print the IAM policy that this program needs, and end")

    def error(self, message: str) -> NoReturn:
        """End with the error and the command that prints the help."""
        self.exit(NOT_CALLED, f"{message}. All arguments: {self.prog} --help\n")


def _stack_name(text: str) -> str:
    return _matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", text, f"the name of a stack, such as {STACK}")


def _region(text: str) -> str:
    return _matching(r"[a-z]{2,}(-[a-z]+)+-[0-9]+", text, f"a Region, such as {REGION}")


def _matching(pattern: str, text: str, expected: str) -> str:
    if not re.fullmatch(pattern, text):
        message = f"{text!r} is not {expected}"
        raise argparse.ArgumentTypeError(message)
    return text


def exit_status(work: Callable[[], int], stderr: Console, program: str) -> int:
    """Do the work and return its exit status; 2, after one line with a hint, if AWS cannot be called."""
    try:
        return work()
    except (BotoCoreError, ClientError, ResponseParserError, ValueError) as error:
        # botocore raises ValueError for an AWS_ENDPOINT_URL that is not a URL.
        if isinstance(error, ValueError) and "Invalid endpoint" not in str(error):
            raise
        text = " ".join(str(error).split()).removesuffix(".")
        stderr.print(f"AWS cannot be called: {text}. {_hint(error, program)}", markup=False, soft_wrap=True)
        return NOT_CALLED
    except KeyboardInterrupt:
        return INTERRUPTED


def _hint(error: Exception, program: str) -> str:
    match error:
        case ProfileNotFound():
            return "This lists the profiles: aws configure list-profiles"
        case ClientError(response={"Error": {"Code": code}}) if code in _DENIED:
            return f"This prints the IAM policy that you need: .venv/bin/python -m {program} --policy"
        case ClientError(response={"Error": {"Code": "Throttling" | "ThrottlingException"}}):
            return "Try again in a minute"
        case ValueError():
            return "AWS_ENDPOINT_URL must be a URL, such as http://127.0.0.1:4566; unset it to call AWS itself"
        case _ if isinstance(error, _NO_ANSWER):
            return "Check the network and the name of the Region. Is AWS_ENDPOINT_URL set by mistake?"
        case _:
            return _SIGN_IN
