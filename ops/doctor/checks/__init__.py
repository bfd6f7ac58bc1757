"""What follows from the facts: every check is a pure function, and a finding says what to do."""

from collections.abc import Iterator

from ops.doctor.checks import account, parts, stack, telling
from ops.doctor.facts import Facts
from ops.doctor.findings import Finding
from ops.stacks import Stack


def findings_on(facts: Facts) -> list[Finding]:
    """Return the findings on everything that there is, in the order in which one thing depends on another."""
    return list(_findings(facts))


def _findings(facts: Facts) -> Iterator[Finding]:
    yield from account.region(facts)
    yield from account.trail(facts)
    yield from account.quotas(facts)
    yield from stack.stack(facts)
    if isinstance(facts.stack, Stack) and facts.deployed:
        found = facts.deployed
        yield from parts.policy(facts.stack, found.policy)
        yield from parts.switches(found.switches)
        yield from parts.queues(facts.stack, found.queues)
        yield from stack.runs(facts.stack, found.runs, facts.now)
        yield from telling.sending(facts.stack, found.sending)
        yield from telling.subscriptions(facts.stack, found.subscriptions)
        yield from stack.alarms(found.alarms)
