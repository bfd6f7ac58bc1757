"""Reads the account as a reminder run does, with what the stack has chosen and remembers, where there is a stack."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import boto3

from aws.account_reader import AccountReader
from aws.dynamodb.people_table import Remembered, RememberedPeople
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from domain.contact.addresses import AddressRules
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.enrolment.totals import totals_of
from domain.exemptions import ExemptionRules
from ops.callers import Identity
from ops.read_only import PATIENT
from ops.stacks import Stack, Stacks
from reports.audit.report import AuditReport, audit_report_of, without_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

ADAPTERS = (Identity, Stacks, AccountReader)


class NobodyRemembered(RememberedPeople):
    """Stands for the table where nothing is deployed yet: nobody was ever reminded, no run has ever been."""

    PERMISSIONS = ()

    def __init__(self) -> None: ...

    def read(self) -> Remembered:
        """Return nobody and no run."""
        return Remembered({}, ())


@dataclass(frozen=True, slots=True)
class Choices:
    """What ops have chosen: by the stack's parameters, or as they are by default."""

    exemptions: ExemptionRules
    policy_arn: str
    group_name: str
    escalate_after: int
    time_zone: ZoneInfo


def report_on(session: boto3.Session, stack_name: str, now: datetime) -> AuditReport:
    """Read the account and put the report together; raises ClientError where something must not be read."""
    found = Stacks(session.client("cloudformation", config=PATIENT)).stack(stack_name)
    not_deployed = _missing(found, stack_name, session.region_name)
    stack = None if not_deployed else found
    choices, iam = _choices(stack), session.client("iam", config=PATIENT)
    number = Identity(session.client("sts", config=PATIENT)).caller().account
    guarded = GuardedAccount(number, iam, choices.policy_arn, choices.group_name)
    account = AccountReader.of(guarded, _people(session, stack, number))
    rules = EnrolmentRules(choices.exemptions, AddressRules("", "", frozenset()))
    here = now.astimezone(choices.time_zone)
    facts, runs, _ = account.read(rules, here, has_time=lambda: True)
    snapshot = build_snapshot(facts, rules, here.date(), exempt_on=now.astimezone(UTC).date())
    report = audit_report_of(
        snapshot,
        (*runs, totals_of(snapshot, choices.escalate_after, now)),
        account=number,
        report_made=facts.report.made if facts.report else None,
        escalate_after=choices.escalate_after,
    )
    return without_stack(report, not_deployed) if not_deployed else report


def _missing(stack: Stack | None, name: str, region: str) -> str:
    """Say which stack, or which part of it, there is not without which nothing is known; nothing if all is there."""
    if stack is None:
        return f"No stack {name} in {region}"
    lacking = [part for part in ("EnforcementPolicy", "PeopleTable") if part not in stack.physical]
    return f"The stack {name} in {region} has no {' and no '.join(lacking)} ({stack.status})" if lacking else ""


def _people(session: boto3.Session, stack: Stack | None, account: str) -> RememberedPeople:
    name = stack.physical.get("PeopleTable") if stack else None
    client = session.client("dynamodb", config=PATIENT)
    return RememberedPeople(Table(client, name, account)) if name else NobodyRemembered()


def _choices(stack: Stack | None) -> Choices:
    chosen: Mapping[str, str] = stack.parameters if stack else {}
    by_tag = chosen.get("ExemptByTag", "true") == "true"
    return Choices(
        exemptions=ExemptionRules(
            tag_key=chosen.get("ExemptTagKey", "mfa-exempt") if by_tag else "",
            paths=tuple(path for path in chosen.get("ExemptPaths", "").split(",") if path),
        ),
        policy_arn=stack.physical.get("EnforcementPolicy", "") if stack else "",
        group_name=stack.physical.get("EnforcementGroup", "") if stack else "",
        escalate_after=int(chosen.get("EscalateAfterDays", "14")),
        time_zone=ZoneInfo(chosen.get("ReminderTimeZone", "UTC")),
    )
