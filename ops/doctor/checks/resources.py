"""The parts of the stack: the policy as deployed, everything there and switched on, nothing left lying in a queue."""

import json
from collections.abc import Iterator

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Deployed, Policy, Queue, Toggle
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing
from ops.stacks import Stack


@on_deployed_stack
def policy(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Compare the version of the policy that counts with the one that was deployed."""
    policy = deployed.policy
    if not isinstance(policy, Policy):
        yield from missing("Policy", [policy], commands, meaning=": nobody is enforced")
        return
    wrong = [*_version(deployed.stack, policy, commands), *_group(policy, commands)]
    yield from wrong
    if not wrong:
        yield ok("Policy", f"version {policy.default_version} as deployed; attachments: {policy.attachments:,}")


def _version(stack: Stack, read: Policy, commands: Commands) -> Iterator[Finding]:
    deployed = stack.outputs.get("PolicyVersion", "")
    if deployed and read.default_version != deployed:
        yield failure(
            "Policy",
            f"version {read.default_version} counts, but {deployed} was deployed: it was changed outside the stack",
            commands.aws("iam set-default-policy-version", policy_arn=read.arn, version_id=deployed),
        )


def _group(read: Policy, commands: Commands) -> Iterator[Finding]:
    if read.group_carries_it is False:
        yield failure(
            "Policy",
            f"the group {read.group} does not carry it: users enforced through the group are free",
            commands.aws("iam attach-group-policy", group_name=read.group, policy_arn=read.arn),
        )
    yield from missing("Policy", [read.group_carries_it], commands)


@on_deployed_stack
def toggles(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Find what somebody has deleted or switched off."""
    yield from missing("Switches", deployed.toggles, commands)
    present = [toggle for toggle in deployed.toggles if isinstance(toggle, Toggle)]
    off = [toggle for toggle in present if not toggle.on]
    for toggle in off:
        yield failure("Switches", f"the {toggle.kind} {toggle.logical} is switched off", _enabling(toggle, commands))
    if not off and len(present) == len(deployed.toggles):
        yield ok("Switches", f"{len(present)} rules, schedules and queues' connections are on")


def _enabling(toggle: Toggle, commands: Commands) -> str:
    match toggle.kind:
        case "rule":
            return commands.aws("events enable-rule", name=toggle.name)
        case "schedule":
            whole = json.dumps({**(toggle.schedule or {}), "State": "ENABLED"}, default=str)
            return commands.aws("scheduler update-schedule", cli_input_json=whole)
        case _:
            return commands.aws("lambda update-event-source-mapping", "--enabled", uuid=toggle.name)


@on_deployed_stack
def queues(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Find messages that wait for a person, and those that wait for a function."""
    yield from missing("Queues", deployed.queues, commands)
    present = [queue for queue in deployed.queues if isinstance(queue, Queue)]
    full = [queue for queue in present if queue.waiting or (queue.is_dead_letter and queue.in_flight)]
    for queue in full:
        yield _full(queue, commands)
    if not full and len(present) == len(deployed.queues):
        in_flight = [f"{queue.logical} has {queue.in_flight:,} in flight" for queue in present if queue.in_flight]
        yield ok("Queues", f"nothing waits; {', '.join(in_flight)}" if in_flight else f"all {len(present)} are empty")


def _full(queue: Queue, commands: Commands) -> Finding:
    if queue.is_dead_letter:
        look = commands.aws("sqs receive-message", queue_url=queue.url, visibility_timeout="0")
        return failure(
            "Queues",
            f"{queue.logical} holds {queue.waiting + queue.in_flight:,} messages that failed every try",
            noted(look, f"mend the cause, then: {_move_on(queue, commands)}"),
        )
    return warning(
        "Queues",
        f"{queue.logical} has {queue.waiting:,} waiting, {queue.in_flight:,} in flight",
        noted(commands.doctor(), "again in a few minutes; it should have gone down"),
    )


def _move_on(queue: Queue, commands: Commands) -> str:
    """Return the command that deals with the messages.

    SQS can send back only what came from another queue ("StartMessageMoveTask"). What EventBridge, the Scheduler or
    Lambda have put there is made up for by the next run of a function, and then only in the way.
    """
    if queue.source:
        return commands.aws("sqs start-message-move-task", source_arn=queue.arn)
    return noted(commands.aws("sqs purge-queue", queue_url=queue.url), "docs/operating.md says what makes up for it")
