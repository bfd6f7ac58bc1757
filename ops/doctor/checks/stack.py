"""Checks of the stack: its status, the runs of its scheduled functions, and its alarms."""

from collections.abc import Iterator
from datetime import timedelta

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Alarm, Deployed, Facts, Run, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing
from ops.stacks import Stack

_COMPLETE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
_OUR_STACKS = "Stacks[?Outputs[?OutputKey=='ReconcileFunctionName']].StackName"

# The function and the event that start a run by hand.
_BY_HAND = {
    "sweep": ("ReconcileFunction", '{"action": "reconcile"}'),
    "reminder run": ("RemindFunction", '{"action": "remind"}'),
}


def stack(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Check the status of the stack."""
    match facts.stack:
        case Unreadable() as unreadable:
            yield from missing("Stack", [unreadable], commands)
        case None:
            yield warning(
                "Stack",
                f"there is no stack {facts.stack_name} in {facts.region} yet; the checks above are those it needs",
                noted("sam build && sam deploy", "if it has another name: make doctor STACK=that-name"),
            )
        case Stack() as stack:
            yield _not_ours(stack, commands) or _status(stack, commands)


def _not_ours(stack: Stack, commands: Commands) -> Finding | None:
    """Return the finding on a stack that was never created, or is a stack of another template; otherwise None."""
    if stack.status == "REVIEW_IN_PROGRESS":
        return warning(
            "Stack",
            f"{stack.name} was never created: nobody has executed its first change set",
            noted(commands.deploy(), "and answer y when it shows the changes"),
        )
    if stack.is_created and not stack.is_ours:
        ours = commands.aws("cloudformation describe-stacks", query=_OUR_STACKS, output="text")
        return failure("Stack", f"{stack.name} is not a stack of mfa-enforcer", noted(ours, "lists those that are"))
    return None


def _status(stack: Stack, commands: Commands) -> Finding:
    events = commands.stack_events()
    if stack.status.endswith("_IN_PROGRESS"):
        return warning("Stack", f"{stack.name} is changing: {stack.status}", noted(events, "wait until it has ended"))
    if stack.status == "UPDATE_ROLLBACK_COMPLETE":
        return warning("Stack", f"{stack.name} works, but its last update was rolled back", events)
    if stack.status not in _COMPLETE:
        return failure("Stack", f"{stack.name} is incomplete: {stack.status} {stack.reason}".rstrip(), events)
    if stack.parameters.get("DryRun") == "true":
        text = f"{stack.name} is deployed as a dry run: nobody is enforced, nobody is mailed"
        return warning("Stack", text, commands.deploy("DryRun=false"))
    return ok("Stack", f"{stack.name} is deployed: {stack.status}")


@on_deployed_stack
def runs(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that each scheduled function has completed a run before its alarm would go into ALARM."""
    if isinstance(deployed.runs, Unreadable):
        yield from missing("Runs", [deployed.runs], commands)
        return
    for run in deployed.runs:
        age = deployed.now - deployed.stack.created
        if run.last is not None and deployed.now - run.last <= run.overdue_after:
            yield ok("Runs", f"last {run.name} {_shown(deployed.now - run.last)} ago")
        elif run.last is None and age <= run.overdue_after:
            yield ok("Runs", f"no {run.name} yet; the stack is {_shown(age)} old")
        else:
            last = f"the last completed {_shown(deployed.now - run.last)} ago" if run.last else "none in the last week"
            yield _overdue(run, last, commands)


def _overdue(run: Run, last: str, commands: Commands) -> Finding:
    function, event = _BY_HAND[run.name]
    hours = run.overdue_after.total_seconds() / 3600
    return failure(
        "Runs",
        f"no {run.name} has completed within {hours:.0f} hours: {last}",
        noted(commands.invoke(function, event), f"then: {commands.logs(function)}"),
    )


def _shown(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{duration.days} days"


@on_deployed_stack
def alarms(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Check that every alarm exists, notifies ops and is not in ALARM; its description says what to do."""
    if isinstance(deployed.alarms, Unreadable):
        yield from missing("Alarms", [deployed.alarms], commands)
        return
    yield from missing("Alarms", deployed.alarms, commands)
    present = [alarm for alarm in deployed.alarms if isinstance(alarm, Alarm)]
    silent = [alarm.name for alarm in present if not alarm.actions_enabled]
    in_alarm = [alarm for alarm in present if alarm.in_alarm]
    if silent:
        yield failure(
            "Alarms",
            f"the actions of these alarms are disabled, so they notify nobody: {', '.join(silent)}",
            commands.aws("cloudwatch enable-alarm-actions", "--alarm-names", *silent),
        )
    for alarm in in_alarm:
        yield failure("Alarms", f"{alarm.name} is in ALARM: {alarm.description}", "less docs/operating.md")
    if not silent and not in_alarm and len(present) == len(deployed.alarms):
        yield ok("Alarms", f"all {len(present)} can notify ops, and none is in ALARM")
