"""The cost of a sweep over 100, 1,000 and 5,000 users, compared with a loop over the users and a good script.

moto answers in this process, so the seconds are those of the code. On AWS there is network time in addition, and the
sweep's limit of five writes a second, which is left out here. The bulk reads come in pages of a thousand users, the
largest that IAM returns ("GetAccountAuthorizationDetails": they may be smaller, limited by size); moto returns the
other lists on one page each. Memory is Python's peak while all users are read and decided about and none needs a
change: all users, and a page while it is parsed.
"""

import os
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import parse_qs

from moto.iam.models import iam_backends
from rich.console import Console
from rich.table import Table

from aws import clients
from domain.enforcement.sweep import plan_sweep
from reconcile.adapters import Adapters
from reconcile.apply import apply_plan
from reconcile.group import repair_group
from reconcile.publishing import publish_notices
from reconcile.reading import read_account
from reconcile.settings import Settings
from tests.integration.deployment import ACCOUNT
from tests.integration.world import POLICY, World

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES, EVERY_NTH_IS_MISSING, PAGE = (100, 1000, 5000), 10, 1000
# The first sweep also flags every enforced user, 25 in each BatchWriteItem.
_WRITES = ("AttachUserPolicy", "AddUserToGroup", "BatchWriteItem")


@dataclass(frozen=True)
class Measured:
    """One method over so many users: the users it enforced, and its cost; memory in megabytes, if measured."""

    users: int
    way: str
    enforced: int
    calls: Counter[str]
    seconds: float
    memory: float | None

    @property
    def writes(self) -> int:
        """Calls that change something."""
        return sum(self.calls[operation] for operation in _WRITES)

    def cells(self) -> "Iterator[str]":
        """Yield the row of the table."""
        for number in (self.users, self.way, self.enforced, self.calls.total() - self.writes, self.writes):
            yield f"{number:,}" if isinstance(number, int) else number
        yield f"{self.seconds:.1f}"
        yield "" if self.memory is None else f"{self.memory:.1f}"


@contextmanager
def account_of(users: int, *, enforced: bool) -> "Iterator[Counter[str]]":
    """Make an account where all users are enforced, or every tenth is not; count the calls made in it."""
    world = World()
    world.stack.run("ReconcileFunction")
    backend = iam_backends[ACCOUNT]["aws"]
    policy = backend.managed_policies[POLICY]
    for number in range(users):
        user = backend.create_user("us-east-1", f"user{number:04}", tags=[])
        if enforced or number % EVERY_NTH_IS_MISSING:
            policy.attach_to(user)

    def page(form: str) -> str:
        return page_of(users, int(parse_qs(form).get("Marker", ["0"])[0]), enforced=enforced)

    world.bodies["GetAccountAuthorizationDetails"] = page
    try:
        yield world.calls
    finally:
        world.end()


def page_of(users: int, start: int, *, enforced: bool) -> str:
    """Return a page of users as IAM writes it, each with a tag, a group and another policy."""
    details = "".join(detail_of(number, enforced=enforced) for number in range(start, min(start + PAGE, users)))
    more = start + PAGE < users
    marker = f"<IsTruncated>true</IsTruncated><Marker>{start + PAGE}</Marker>" if more else ""
    return (
        '<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<GetAccountAuthorizationDetailsResult><UserDetailList>{details}</UserDetailList>{marker}"
        "</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    )


def detail_of(number: int, *, enforced: bool) -> str:
    """Return one user."""
    arns = [f"arn:aws:iam::{ACCOUNT}:policy/other"]
    if enforced or number % EVERY_NTH_IS_MISSING:
        arns.append(POLICY)
    policies = "".join(f"<member><PolicyName>p</PolicyName><PolicyArn>{arn}</PolicyArn></member>" for arn in arns)
    return (
        f"<member><UserName>user{number:04}</UserName><UserId>AIDAEXAMPLE{number:010}</UserId><Path>/</Path>"
        f"<Arn>arn:aws:iam::{ACCOUNT}:user/user{number:04}</Arn><CreateDate>2026-11-24T09:00:00Z</CreateDate>"
        "<GroupList><member>developers</member></GroupList>"
        f"<AttachedManagedPolicies>{policies}</AttachedManagedPolicies>"
        f"<Tags><member><Key>email</Key><Value>user{number:04}@example.com</Value></member></Tags></member>"
    )


def sweep() -> int:
    """Sweep as `reconcile` does."""
    adapters = adapters_here()
    reading = read_account(adapters, repair_group(adapters), datetime.now(UTC))
    plan = plan_sweep(reading.users, reading.rules, today=reading.at.date(), flags=reading.flags)
    outcome = apply_plan(plan, reading, adapters, has_time=lambda: True)
    publish_notices(reading, plan, outcome, adapters)
    return outcome.attached


def one_by_one() -> int:
    """Sweep by a loop: list the users, then the policies, groups and tags of each."""
    iam, enforced = clients.iam(), 0
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": PAGE})
    for name in [user["UserName"] for page in pages for user in page["Users"]]:
        policies = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        iam.list_groups_for_user(UserName=name)
        iam.list_user_tags(UserName=name)
        if all(policy["PolicyArn"] != POLICY for policy in policies):
            iam.attach_user_policy(UserName=name, PolicyArn=POLICY)
            enforced += 1
    return enforced


def one_by_one_if_not_attached() -> int:
    """Sweep by a good script: list all users and those with the policy, then read the tags of the others."""
    iam, enforced = clients.iam(), 0
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": PAGE})
    users = [user["UserName"] for page in pages for user in page["Users"]]
    entities = iam.get_paginator("list_entities_for_policy")
    pages_of_entities = entities.paginate(PolicyArn=POLICY, EntityFilter="User", PaginationConfig={"PageSize": PAGE})
    attached = {user["UserName"] for page in pages_of_entities for user in page["PolicyUsers"]}
    for name in users:
        if name not in attached:
            iam.list_user_tags(UserName=name)
            iam.attach_user_policy(UserName=name, PolicyArn=POLICY)
            enforced += 1
    return enforced


def adapters_here() -> Adapters:
    """Make the adapters for the account's environment."""
    return Adapters(Settings.from_environment(os.environ), ACCOUNT)


def memory_of(users: int) -> float:
    """Return the peak memory of reading and deciding, in megabytes."""
    with account_of(users, enforced=True):
        adapters = adapters_here()
        group = repair_group(adapters)
        tracemalloc.start()
        reading = read_account(adapters, group, datetime.now(UTC))
        plan_sweep(reading.users, reading.rules, today=reading.at.date(), flags=reading.flags)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most / 1e6


def measure(users: int, way: str, run: Callable[[], int], memory: float | None = None) -> Measured:
    """Run one method over an account in which every tenth user needs the policy."""
    with account_of(users, enforced=False) as calls, patch("reconcile.apply.sleep"):
        start = time.perf_counter()
        enforced = run()
        seconds = time.perf_counter() - start
    return Measured(users, way, enforced, calls, seconds, memory)


def main() -> None:
    """Measure each method with each size and print the results."""
    table = Table(title="Who is not enforced, and is then? (every tenth user)")
    table.add_column("users", justify="right")
    table.add_column("way", no_wrap=True)
    for column in ("enforced", "reads", "writes", "seconds", "memory, MB"):
        table.add_column(column, justify="right")
    for users in SIZES:
        table.add_row(*measure(users, "reconcile", sweep, memory_of(users)).cells())
        table.add_row(*measure(users, "a loop over the users", one_by_one).cells())
        table.add_row(*measure(users, "a good script", one_by_one_if_not_attached).cells())
    Console().print(table)


if __name__ == "__main__":
    main()
