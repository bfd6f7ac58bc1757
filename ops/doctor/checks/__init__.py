"""The checks. A module of this package has no other public functions, and CHECKS lists all of them."""

from ops.doctor.checking import Check
from ops.doctor.checks import account, notifications, parameters, resources, stack
from ops.doctor.commands import Commands
from ops.doctor.facts import Facts
from ops.doctor.findings import Finding

# In the order in which one thing depends on another, which is the order on the terminal.
CHECKS: tuple[Check, ...] = (
    account.region,
    account.trail,
    account.quotas,
    stack.stack,
    parameters.parameters,
    resources.policy,
    resources.toggles,
    resources.queues,
    stack.runs,
    notifications.sending,
    notifications.subscriptions,
    stack.alarms,
)


def findings_on(facts: Facts) -> list[Finding]:
    """Run every check."""
    commands = Commands(facts.region, facts.stack_name)
    return [finding for check in CHECKS for finding in check(facts, commands)]
