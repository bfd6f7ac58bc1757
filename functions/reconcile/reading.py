"""Reads the account for a sweep: the policy, the groups, all users and their flags. Nothing is decided or written."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.enforcement.decision import Flags, Rules, enforced_since
from domain.enforcement.sweep import whose_day_has_come
from domain.enrolment.due import due_users

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws.iam.policy import PolicyState
    from domain.users import AccountUser
    from reconcile.adapters import Adapters
    from reconcile.group import GroupState


@dataclass(frozen=True, slots=True)
class SweepReading:
    """The policy and the groups as they are, all users with their flags, and the rules that apply to them."""

    policy: "PolicyState"
    group: "GroupState"
    rules: Rules
    users: "Sequence[AccountUser]"
    flags: Flags
    at: datetime


def read_account(adapters: "Adapters", group: "GroupState", now: datetime) -> SweepReading:
    """Read the account in bulk."""
    settings, policy = adapters.settings, adapters.policy.state()
    rules = Rules(
        settings.exemptions,
        since=enforced_since(settings.existing_users, settings.existing_users_since, policy.created),
        group_enforces=group.has_policy,
        dates=settings.dates,
    )
    users = tuple(adapters.directory.users(group.others))
    # Flags are read last: a user is flagged before the policy is detached, so a user read without it has a flag by now.
    flags = adapters.account_flags.read(now)
    local_today = now.astimezone(settings.zone).date()
    waiting = whose_day_has_come(users, rules, today=now.date(), local_today=local_today, flags=flags)
    # Nothing is read on the days on which nobody's day has come.
    records = adapters.people.named(user.user_id for user in waiting) if waiting else {}
    due = due_users(waiting, records, settings.enrolment_rules, local_today, sends_mail=bool(settings.sender))
    return SweepReading(policy, group, rules, users, replace(flags, due=due), now)
