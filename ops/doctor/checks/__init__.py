"""What follows from the facts: every check is a pure function, and a finding says what to do."""

from collections.abc import Iterator

from ops.doctor.checks import account, notifications, parameters, resources, stack
from ops.doctor.commands import Commands
from ops.doctor.facts import Facts
from ops.doctor.findings import Finding
from ops.stacks import Stack


def findings_on(facts: Facts) -> list[Finding]:
    """Return the findings on everything that there is, in the order in which one thing depends on another."""
    return list(_findings(facts))


def _findings(facts: Facts) -> Iterator[Finding]:
    commands = Commands(facts.region, facts.stack_name)
    yield from account.region(facts, commands)
    yield from account.trail(facts, commands)
    yield from account.quotas(facts, commands)
    yield from stack.stack(facts, commands)
    if isinstance(facts.stack, Stack) and facts.deployed:
        found = facts.deployed
        yield from parameters.parameters(facts.stack, facts.written, commands)
        yield from resources.policy(facts.stack, found.policy, commands)
        yield from resources.toggles(found.toggles, commands)
        yield from resources.queues(found.queues, commands)
        yield from stack.runs(facts.stack, found.runs, facts.now, commands)
        yield from notifications.sending(found.sending, commands)
        yield from notifications.subscriptions(facts.stack, found.subscriptions, commands)
        yield from stack.alarms(found.alarms, commands)
