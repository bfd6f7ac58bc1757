"""Checks the group first: membership enforces nobody unless the group carries the policy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconcile.adapters import Adapters


@dataclass(frozen=True, slots=True)
class GroupState:
    """Whether the group had the policy before the sweep, and whether it has it now; `others` are more such groups."""

    had_policy: bool
    has_policy: bool
    others: frozenset[str] = frozenset()


def repair_group(adapters: "Adapters") -> GroupState:
    """Attach the policy to the group again if it was detached; a dry run only checks."""
    name, carrying = adapters.settings.group_name, adapters.policy_groups.names()
    others = carrying - {name}
    if name in carrying:
        return GroupState(had_policy=True, has_policy=True, others=others)
    attached = not adapters.settings.dry_run and adapters.group.attach_policy()
    return GroupState(had_policy=False, has_policy=attached, others=others)
