"""Checks of resources of the stack: the policy, what can be disabled, and the messages in queues."""

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
    """Check that the default version of the policy is the deployed one, and that the group has the policy."""
    policy = deployed.policy
    if not isinstance(policy, Policy):
        yield from missing("Policy", [policy], commands, consequence=": nobody is enforced")
        return
    faults = [*_version(deployed.stack, policy, commands), *_group(policy, commands)]
    yield from faults
    if not faults:
        yield ok("Policy", f"version {policy.default_version} as deployed; attachments: {policy.attachments:,}")


def _version(stack: Stack, policy: Policy, commands: Commands) -> Iterator[Finding]:
    deployed = stack.outputs.get("PolicyVersion", "")
    if deployed and policy.default_version != deployed:
        yield failure(
            "Policy",
            f"somebody has made version {policy.default_version} the default instead of {deployed}, which was deployed",
            commands.aws("iam set-default-policy-version", policy_arn=policy.arn, version_id=deployed),
        )


def _group(policy: Policy, commands: Commands) -> Iterator[Finding]:
    if policy.attached_to_group is False:
        yield failure(
            "Policy",
            f"the policy is not attached to the group {policy.group}, so users in the group are not enforced",
            commands.aws("iam attach-group-policy", group_name=policy.group, policy_arn=policy.arn),
        )
    yield from missing("Policy", [policy.attached_to_group], commands)


@on_deployed_stack
def toggles(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that the rules, schedules and event source mappings exist and are enabled."""
    yield from missing("Switches", deployed.toggles, commands)
    present = [toggle for toggle in deployed.toggles if isinstance(toggle, Toggle)]
    disabled = [toggle for toggle in present if not toggle.enabled]
    for toggle in disabled:
        yield failure("Switches", f"the {toggle.kind} {toggle.logical} is disabled", _enabling(toggle, commands))
    if not disabled and len(present) == len(deployed.toggles):
        yield ok("Switches", f"all {len(present)} rules, schedules and event source mappings are enabled")


def _enabling(toggle: Toggle, commands: Commands) -> str:
    """Return the command that enables it; a deployment of the same template would leave it disabled."""
    match toggle.kind:
        case "rule":
            return commands.aws("events enable-rule", name=toggle.name)
        case "schedule":
            properties = json.dumps({**(toggle.schedule or {}), "State": "ENABLED"}, default=str)
            return commands.aws("scheduler update-schedule", cli_input_json=properties)
        case _:
            return commands.aws("lambda update-event-source-mapping", "--enabled", uuid=toggle.name)


@on_deployed_stack
def queues(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that dead-letter queues are empty, and report the messages that wait for a function."""
    yield from missing("Queues", deployed.queues, commands)
    present = [queue for queue in deployed.queues if isinstance(queue, Queue)]
    filled = [queue for queue in present if queue.waiting or (queue.is_dead_letter and queue.in_flight)]
    for queue in filled:
        yield _dead_letters(queue, commands) if queue.is_dead_letter else _waiting(queue, commands)
    if not filled and len(present) == len(deployed.queues):
        in_flight = [f"{queue.logical} has {queue.in_flight:,} in flight" for queue in present if queue.in_flight]
        yield ok("Queues", f"nothing waits; {', '.join(in_flight)}" if in_flight else f"all {len(present)} are empty")


def _waiting(queue: Queue, commands: Commands) -> Finding:
    return warning(
        "Queues",
        f"{queue.logical} has {queue.waiting:,} waiting, {queue.in_flight:,} in flight",
        noted(commands.doctor(), "in a few minutes; there should be fewer"),
    )


def _dead_letters(queue: Queue, commands: Commands) -> Finding:
    number = queue.waiting + queue.in_flight
    peek = commands.aws("sqs receive-message", queue_url=queue.url, visibility_timeout="0")
    return failure(
        "Queues",
        f"{queue.logical} has {number:,} message{'' if number == 1 else 's'} that failed every try",
        noted(peek, f"repair the cause, then: {_emptying(queue, commands)}"),
    )


def _emptying(queue: Queue, commands: Commands) -> str:
    """Return the command that empties a dead-letter queue.

    SQS moves messages back only if they came from another queue ("StartMessageMoveTask"). The next run of a function
    replaces those that came from EventBridge, the Scheduler or Lambda, so they can be deleted.
    """
    if queue.source:
        return commands.aws("sqs start-message-move-task", source_arn=queue.arn)
    return noted(commands.aws("sqs purge-queue", queue_url=queue.url), "docs/operating.md says what replaces them")
