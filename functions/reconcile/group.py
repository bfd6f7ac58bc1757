"""The group first: a membership enforces nobody unless the group carries the policy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws import clients
from aws.enforcement_group import EnforcementGroup

if TYPE_CHECKING:
    from reconcile.settings import Settings


@dataclass(frozen=True, slots=True)
class GroupState:
    """Whether the group had the policy when the sweep came, and whether it has it since."""

    had_policy: bool
    has_policy: bool


def settle_group(settings: "Settings") -> GroupState:
    """Give the group its policy back if somebody took it; a dry run only looks."""
    group = EnforcementGroup(clients.iam(), settings.group_name, settings.policy_arn)
    if group.carries_policy():
        return GroupState(had_policy=True, has_policy=True)
    return GroupState(had_policy=False, has_policy=not settings.dry_run and group.take_policy())
