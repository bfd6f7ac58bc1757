"""The calls to AWS from a reminder run to the last mail, compared with a loop over the users, on moto.

There are 5,000 enforced users; 300 of them have no MFA and no reminder yet. An argument sets another number of people
without MFA: `python -m tests.bench.reminders 5000`. Requests are counted as they are sent, including retries. moto
returns all users on one page, AWS a thousand at most, so pages are added ("GetAccountAuthorizationDetails" may need
more, because its pages are also limited by size). Lambda's own calls to the queues are not counted.
"""

import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from math import ceil
from unittest.mock import patch

import pytest
from moto import mock_aws
from rich.console import Console
from rich.table import Table

import tests.conftest  # noqa: F401  (a pretended account)
from aws import clients
from tests.integration.conftest import recorded_calls
from tests.integration.deployment import ACCOUNT
from tests.integration.mailing import Mailing, deploy, populate

USERS, PAGE = 5000, 1000
_ONE_PAGE_ON_MOTO = ("GetAccountAuthorizationDetails", "ListUsers")

type Calls = Counter[str]


def measure(unenrolled: int) -> tuple[dict[str, Calls], int]:
    """Return the calls of each method, and the number of mails sent."""
    pauses = patch("botocore.endpoint.time.sleep"), patch.object(clients, "sleep")
    with mock_aws(), pytest.MonkeyPatch.context() as environment, pauses[0], pauses[1]:
        environment.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        clients.paced_iam.cache_clear()
        stack = deploy(environment)
        calls = recorded_calls()
        mailing = Mailing(stack, calls, USERS)
        populate(unenrolled, enrolled=USERS - unenrolled, policy_arn=stack.policy_arn)
        methods = {}
        # The functions print their metrics.
        with redirect_stdout(StringIO()):
            calls.clear()
            _, queued = mailing.remind()
            methods["remind"] = paged(calls)
            calls.clear()
            mailing.notify(queued)
            methods["notify"] = Counter(calls)
        calls.clear()
        one_by_one()
        methods["a loop over the users"] = paged(calls)
    return methods, mailing.sent.total()


def paged(calls: list[str]) -> Calls:
    """Count calls with the pages that AWS would have made."""
    counted = Counter(calls)
    for operation in _ONE_PAGE_ON_MOTO:
        counted[operation] *= ceil(USERS / PAGE)
    return +counted


def one_by_one() -> int:
    """Find users without MFA by a loop: list the users, then each user's devices, without passwords or tags."""
    iam = clients.iam()
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": PAGE})
    names = [user["UserName"] for page in pages for user in page["Users"]]
    return sum(not iam.list_mfa_devices(UserName=name)["MFADevices"] for name in names)


def main(unenrolled: int = 300) -> None:
    """Measure and print."""
    start = time.perf_counter()
    methods, mails = measure(unenrolled)
    table = Table(
        title=f"{USERS:,} enforced users, {unenrolled:,} without MFA: calls to AWS until {mails:,} mails have left"
    )
    table.add_column("call", no_wrap=True)
    for method in methods:
        table.add_column(method, justify="right")
    for operation in sorted({operation for calls in methods.values() for operation in calls}):
        table.add_row(operation, *(f"{calls[operation]:,}" if calls[operation] else "" for calls in methods.values()))
    table.add_section()
    table.add_row("all", *(f"{calls.total():,}" for calls in methods.values()))
    table.add_row("for each mail", *(f"{calls.total() / mails:.1f}" if mails else "" for calls in methods.values()))
    Console().print(table)
    Console().print(f"Measured in {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
