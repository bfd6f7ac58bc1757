"""How many calls it takes to find who has no MFA among 5,000 users, beside the common way, both measured on moto.

moto answers in this process, so its seconds are those of the code (and of one pause of two seconds for the credential
report); calls to AWS take a network's time on top. moto gives everybody on one page where AWS gives a thousand users at
most, so the last column counts a page per thousand; GetAccountAuthorizationDetails, cut by size too, may need more.
"""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING

from moto import mock_aws
from moto.iam.models import iam_backends
from rich.console import Console
from rich.table import Table

import tests.conftest  # noqa: F401  (a pretended account)
from aws import clients
from aws.credential_report import CredentialReports
from aws.directory import UserDirectory
from aws.enforcement_group import PolicyGroups
from aws.mfa_devices import LoginProfiles, MfaDevices, VirtualMfaDevices
from aws.people_table import PeopleTable
from domain.sending import NoSending
from remind.settings import Settings
from remind.survey import Sources, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS, UNENROLLED = 5000, 300
_ACCOUNT, _PAGE = "123456789012", 1000
_POLICY = f"arn:aws:iam::{_ACCOUNT}:policy/mfa-enforcer/mfa-control"
_ONE_PAGE_ON_MOTO = ("GetAccountAuthorizationDetails", "ListUsers")
_ENVIRONMENT = {
    "PEOPLE_TABLE": "people",
    "MAIL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/mail",
    "OPS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:ops",
    "POLICY_ARN": _POLICY,
    "GROUP_NAME": "mfa-control",
    "EXEMPT_TAG_KEY": "mfa-exempt",
    "EXEMPT_PATHS": "",
    "SENDER_EMAIL": "mfa@example.com",
    "SES_REGION": "us-east-1",
    "EMAIL_TAG_KEY": "email",
    "DEFAULT_EMAIL_DOMAIN": "example.com",
    "ALLOWED_EMAIL_DOMAINS": "",
    "DEFAULT_LANGUAGE": "en",
    "REMINDER_TIME_ZONE": "UTC",
    "REMINDER_DAYS": "0,1,3,7,14",
    "ESCALATE_AFTER_DAYS": "14",
    "REPORT_BUCKET": "reports",
    "REPORT_RETENTION_DAYS": "400",
    "DRY_RUN": "true",
}


@dataclass(frozen=True)
class Measured:
    """One way of finding out: how many people it found without MFA, and what that took."""

    way: str
    found: int
    seconds: float
    calls: Counter[str]

    @property
    def per_person(self) -> int:
        """Calls that look at one person."""
        return self.calls["ListMFADevices"]

    @property
    def bulk_on_aws(self) -> int:
        """The other calls, where pages hold a thousand users."""
        more_pages = (ceil(USERS / _PAGE) - 1) * sum(self.calls[operation] for operation in _ONE_PAGE_ON_MOTO)
        return self.calls.total() - self.per_person + more_pages


def measure(way: str, find: Callable[[], int]) -> Measured:
    """Run one way and count every request that botocore makes."""
    calls: Counter[str] = Counter()
    with counted(calls):
        start = time.perf_counter()
        found = find()
        seconds = time.perf_counter() - start
    return Measured(way, found, seconds, calls)


@contextmanager
def counted(calls: Counter[str]) -> "Iterator[None]":
    """Count requests, retries included, by operation."""

    def count(event_name: str, **_: object) -> None:
        calls[event_name.rpartition(".")[2]] += 1

    used = (clients.iam(), clients.dynamodb())
    for client in used:
        client.meta.events.register("before-send", count)
    yield
    for client in used:
        client.meta.events.unregister("before-send", count)


def in_bulk() -> int:
    """Find them as `remind` does, up to the reminders that are due."""
    iam, settings = clients.iam(), Settings.from_environment(_ENVIRONMENT)
    sources = Sources(
        table=PeopleTable(clients.dynamodb(), settings.people_table),
        reports=CredentialReports(iam),
        directory=UserDirectory(iam, settings.policy_arn, settings.group_name),
        groups=PolicyGroups(iam, settings.policy_arn),
        group_name=settings.group_name,
        virtual_devices=VirtualMfaDevices(iam),
        devices=MfaDevices(iam),
        login_profiles=LoginProfiles(iam),
    )
    now, sending = datetime.now(UTC), NoSending.UNREADABLE  # moto does not know the call, which is one more
    return len(survey(sources, settings, now, has_time=lambda: True, sending=sending).outcome.queued)


def one_by_one() -> int:
    """Find them the common way: list the users, then every user's devices. It tells neither passwords nor tags."""
    iam = clients.iam()
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": _PAGE})
    names = [user["UserName"] for page in pages for user in page["Users"]]
    return sum(not iam.list_mfa_devices(UserName=name)["MFADevices"] for name in names)


def populate() -> None:
    """Fill moto's account past its API: 5,000 users with passwords, all but 300 with a device."""
    backend = iam_backends[_ACCOUNT]["aws"]
    for number in range(USERS):
        name = f"user{number:04}"
        backend.create_user("us-east-1", name, tags=[])
        backend.create_login_profile(name, "correct horse battery staple")
        if number >= UNENROLLED:
            serial = backend.create_virtual_mfa_device(name, "/").serial_number
            backend.enable_mfa_device(name, serial, "123456", "654321")
    clients.dynamodb().create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def main() -> None:
    """Measure both ways in the same account and print them."""
    with mock_aws():
        populate()
        results = [measure("remind", in_bulk), measure("one by one", one_by_one)]
    table = Table(title=f"Who of {USERS:,} users has no MFA? ({UNENROLLED} have none)")
    table.add_column("way", no_wrap=True)
    for column in ("found", "calls measured", "per person", "seconds", "bulk calls, pages of 1,000"):
        table.add_column(column, justify="right")
    for result in results:
        numbers = (result.calls.total(), result.per_person)
        cells = (f"{number:,}" for number in (result.found, *numbers))
        table.add_row(result.way, *cells, f"{result.seconds:.1f}", f"{result.bulk_on_aws:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
