"""Reads the account as a reminder run does, with the parameters and the people table of the stack if there is one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import boto3

from aws.account_reader import AccountReader
from aws.dynamodb.people_table import Remembered, RememberedPeople
from aws.dynamodb.table import Table
from aws.iam.account import GuardedAccount
from domain.contact.addresses import AddressRules
from domain.enforcement.dates import NO_DATES, DateRules
from domain.enforcement.settings import dates
from domain.enrolment.snapshot import EnrolmentRules, build_snapshot
from domain.enrolment.totals import totals_of
from domain.enrolment.window import NO_WINDOWS, WindowRules
from domain.exemptions import ExemptionRules
from ops.callers import Identity
from ops.read_only import PATIENT
from ops.stacks import Stack, Stacks
from reports.audit.report import AuditReport, audit_report_of, without_stack

ADAPTERS = (Identity, Stacks, AccountReader)

# The defaults of the template's parameters, for an account without a stack and for a stack without the parameter.
_DEFAULTS = {
    "ExemptByTag": "true",
    "ExemptTagKey": "mfa-exempt",
    "ExemptPaths": "",
    "EscalateAfterDays": "14",
    "ReminderTimeZone": "UTC",
    "EnrolmentWindowDays": "0",
}


# The variables of the functions, and the parameters that they have their values from.
_DATES = {
    "EXISTING_USERS": "ExistingUsers",
    "EXISTING_USERS_SINCE": "ExistingUsersSince",
    "ENFORCE_EXISTING_USERS_FROM": "EnforceExistingUsersFrom",
    "ENFORCE_FROM_TAG_KEY": "EnforceFromTagKey",
    "NOTICE_DAYS": "NoticeDays",
    "UNREACHABLE_USERS": "UnreachableUsers",
}


class NobodyRemembered(RememberedPeople):
    """Replaces the people table before the deployment: no reminders, no runs."""

    PERMISSIONS = ()

    def __init__(self) -> None: ...

    def read(self) -> Remembered:
        """Return no people and no runs."""
        return Remembered({}, ())


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of ops that the report depends on."""

    exemptions: ExemptionRules
    policy_arn: str
    group_name: str
    escalate_after: int
    time_zone: ZoneInfo
    window: WindowRules = NO_WINDOWS


def choices_of(stack: Stack | None) -> Choices:
    """Return the choices that the parameters of the stack make; those of the template's defaults without a stack."""
    parameters = {**_DEFAULTS, **(stack.parameters if stack else {})}
    by_tag = parameters["ExemptByTag"] == "true"
    return Choices(
        exemptions=ExemptionRules(
            tag_key=parameters["ExemptTagKey"] if by_tag else "",
            paths=tuple(path for path in parameters["ExemptPaths"].split(",") if path),
        ),
        policy_arn=stack.physical.get("EnforcementPolicy", "") if stack else "",
        group_name=stack.physical.get("EnforcementGroup", "") if stack else "",
        escalate_after=int(parameters["EscalateAfterDays"]),
        time_zone=ZoneInfo(parameters["ReminderTimeZone"]),
        window=WindowRules(int(parameters["EnrolmentWindowDays"]), ZoneInfo(parameters["ReminderTimeZone"])),
    )


def dates_of(stack: Stack | None) -> DateRules:
    """Return from which day the stack enforces existing users; a stack of an earlier release has no day."""
    parameters = stack.parameters if stack else {}
    if "EnforceExistingUsersFrom" not in parameters:
        return NO_DATES
    return dates({variable: parameters.get(name, "") for variable, name in _DATES.items()}, "")


def report_on(session: boto3.Session, stack_name: str, now: datetime) -> AuditReport:
    """Read the account and build the report; raises ClientError if AWS refuses a call."""
    named = Stacks(session.client("cloudformation", config=PATIENT)).stack(stack_name)
    not_deployed = _missing(named, stack_name, session.region_name)
    stack = None if not_deployed else named
    choices, iam = choices_of(stack), session.client("iam", config=PATIENT)
    number = Identity(session.client("sts", config=PATIENT)).caller().account
    guarded = GuardedAccount(number, iam, choices.policy_arn, choices.group_name)
    account = AccountReader.of(guarded, _people(session, stack, number))
    rules = EnrolmentRules(choices.exemptions, AddressRules("", "", frozenset()), dates_of(stack), choices.window)
    local = now.astimezone(choices.time_zone)
    facts, runs, _ = account.read(rules, local, has_time=lambda: True)
    snapshot = build_snapshot(facts, rules, local.date(), exempt_on=now.astimezone(UTC).date())
    report = audit_report_of(
        snapshot,
        (*runs, totals_of(snapshot, choices.escalate_after, now)),
        account=number,
        report_made=facts.report.made if facts.report else None,
        escalate_after=choices.escalate_after,
    )
    return without_stack(report, not_deployed) if not_deployed else report


def _missing(stack: Stack | None, name: str, region: str) -> str:
    """Say which stack or which of its resources is missing; return an empty text if none is."""
    if stack is None:
        return f"No stack {name} in {region}"
    missing = [logical for logical in ("EnforcementPolicy", "PeopleTable") if logical not in stack.physical]
    return f"The stack {name} in {region} has no {' and no '.join(missing)} ({stack.status})" if missing else ""


def _people(session: boto3.Session, stack: Stack | None, account: str) -> RememberedPeople:
    name = stack.physical.get("PeopleTable") if stack else None
    client = session.client("dynamodb", config=PATIENT)
    return RememberedPeople(Table(client, name, account)) if name else NobodyRemembered()
