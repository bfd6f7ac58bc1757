"""What a sweep finds: the policy as it is, and what is to be done about everybody. Nothing is written."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aws import clients
from aws.dynamodb.enforcement_table import AccountFlags
from aws.iam.policy import EnforcementPolicy, PolicyState
from aws.iam.users import UserDirectory
from domain.enforcement.decision import Flags, Rules, enforced_since
from domain.enforcement.sweep import SweepPlan, plan_sweep

if TYPE_CHECKING:
    from reconcile.group import GroupState
    from reconcile.settings import Settings


@dataclass(frozen=True, slots=True)
class SweepReading:
    """The policy and the groups as they are, and what is to be done about the users, by which rules and marks."""

    policy: PolicyState
    group: "GroupState"
    rules: Rules
    flags: Flags
    plan: SweepPlan


def look(settings: "Settings", group: "GroupState", now: datetime) -> SweepReading:
    """Read everybody in bulk, and decide about each by the rule that new users meet too."""
    policy = EnforcementPolicy(clients.iam(), settings.policy_arn).state()
    rules = Rules(
        settings.exemptions,
        since=enforced_since(settings.existing_users, settings.existing_users_since, policy.created),
        group_enforces=group.has_policy,
    )
    directory = UserDirectory(clients.iam(), settings.policy_arn, settings.group_name)
    users = tuple(directory.users(group.others))
    # Read last: whoever is let go marks the user first, so a user who was read as free bears the mark by now.
    flags = AccountFlags(clients.dynamodb(), settings.marks_table).read(now)
    return SweepReading(policy, group, rules, flags, plan_sweep(users, rules, today=now.date(), flags=flags))
