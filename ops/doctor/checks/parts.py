"""The parts of the stack: the policy as deployed, everything switched on, nothing left lying in a queue."""

from collections.abc import Iterator, Sequence

from ops.doctor.checks.unreadable import unreadable
from ops.doctor.facts import Policy, Queue, Switch, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.stacks import Stack


def policy(stack: Stack, read: Policy | Unreadable | None) -> Iterator[Finding]:
    """Compare the version of the policy that counts with the one that was deployed."""
    deployed = stack.outputs.get("PolicyVersion", "")
    match read:
        case Unreadable():
            yield unreadable("Policy", read)
        case None:
            yield failure(
                "Policy",
                "somebody has deleted it: nobody is enforced",
                "sam deploy --parameter-overrides PolicyName=mfa-control-2  # a new name makes a new policy",
            )
        case Policy() if deployed and read.default_version != deployed:
            yield failure(
                "Policy",
                f"version {read.default_version} counts, but {deployed} was deployed: it was changed outside the stack",
                f"aws iam set-default-policy-version --policy-arn {read.arn} --version-id {deployed}",
            )
        case Policy(group_carries_it=False):
            yield failure(
                "Policy",
                f"the group {read.group} does not carry it: whoever is enforced through the group is free",
                f"aws iam attach-group-policy --group-name {read.group} --policy-arn {read.arn}",
            )
        case Policy():
            yield ok("Policy", f"version {read.default_version} as deployed; attachments: {read.attachments:,}")


def switches(read: Sequence[Switch] | Unreadable) -> Iterator[Finding]:
    """Find what somebody has switched off."""
    if isinstance(read, Unreadable):
        yield unreadable("Switches", read)
        return
    off = [switch for switch in read if not switch.on]
    for switch in off:
        yield failure("Switches", f"the {switch.kind} {switch.logical} is switched off", _switch_on(switch))
    if not off:
        yield ok("Switches", f"{len(read)} rules, schedules and queues' connections are on")


def _switch_on(switch: Switch) -> str:
    match switch.kind:
        case "rule":
            return f"aws events enable-rule --name {switch.name}"
        case "schedule":
            return "sam deploy  # after changing any parameter: CloudFormation then puts the schedule right"
        case _:
            return f"aws lambda update-event-source-mapping --uuid {switch.name} --enabled"


def queues(stack: Stack, read: Sequence[Queue] | Unreadable) -> Iterator[Finding]:
    """Find messages that wait for a person, and those that wait for a function."""
    if isinstance(read, Unreadable):
        yield unreadable("Queues", read)
        return
    for queue in read:
        if queue.ends_here and queue.waiting + queue.in_flight:
            yield failure(
                "Queues",
                f"{queue.logical} holds {queue.waiting + queue.in_flight:,}: what is in there has failed for good",
                f"aws sqs receive-message --queue-url {queue.url} --visibility-timeout 0"
                f"  # mend the cause, then: {_move_on(queue)}",
            )
        elif queue.waiting:
            yield warning(
                "Queues",
                f"{queue.logical} has {queue.waiting:,} waiting, {queue.in_flight:,} in work",
                f"make doctor STACK={stack.name}  # again in a few minutes; it should have gone down",
            )
    if not any(queue.waiting or (queue.ends_here and queue.in_flight) for queue in read):
        yield ok("Queues", f"all {len(read)} are empty")


def _move_on(queue: Queue) -> str:
    """Return the command that deals with the messages.

    SQS can send back only what came from another queue ("StartMessageMoveTask"). What EventBridge, the Scheduler or
    Lambda have put there is made up for by the next run of a function, and then only in the way.
    """
    if queue.source:
        return f"aws sqs start-message-move-task --source-arn {queue.arn}"
    return f"aws sqs purge-queue --queue-url {queue.url}  # docs/operating.md says what makes up for it"
