"""The groups first: a membership enforces nobody unless the group carries the policy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws import clients
from aws.iam.group import EnforcementGroup, PolicyGroups

if TYPE_CHECKING:
    from reconcile.settings import Settings


@dataclass(frozen=True, slots=True)
class GroupState:
    """Whether our group had the policy when the sweep came, and whether it has it since; `others` carry it, too."""

    had_policy: bool
    has_policy: bool
    others: frozenset[str] = frozenset()


def repair_group(settings: "Settings") -> GroupState:
    """Give the group its policy back if somebody took it; a dry run only looks."""
    carrying = PolicyGroups(clients.iam(), settings.policy_arn).names()
    others = carrying - {settings.group_name}
    if settings.group_name in carrying:
        return GroupState(had_policy=True, has_policy=True, others=others)
    group = EnforcementGroup(clients.iam(), settings.group_name, settings.policy_arn)
    return GroupState(had_policy=False, has_policy=not settings.dry_run and group.attach_policy(), others=others)
