"""Checks of the stack: that it is whole, that its scheduled functions run, that nothing rings."""

from collections.abc import Iterator
from datetime import timedelta

from ops.doctor.checking import on_deployed_stack
from ops.doctor.commands import Commands, noted
from ops.doctor.facts import Alarm, Deployed, Facts, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.doctor.missing import missing
from ops.stacks import Stack

_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
_OURS = "Stacks[?Outputs[?OutputKey=='ReconcileFunctionName']].StackName"

# What starts a scheduled function by hand.
_BY_HAND = {
    "sweep": ("ReconcileFunction", '{"action": "reconcile"}'),
    "reminder run": ("RemindFunction", '{"action": "remind"}'),
}


def stack(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Say how far the stack is."""
    match facts.stack:
        case Unreadable() as fact:
            yield from missing("Stack", [fact], commands)
        case None:
            yield warning(
                "Stack",
                f"there is no stack {facts.stack_name} here yet; what it needs is checked above",
                noted("sam build && sam deploy", "deployed under another name: make doctor STACK=that-name"),
            )
        case Stack() as found:
            yield _none_yet(found, commands) or _state_of(found, commands)


def _none_yet(found: Stack, commands: Commands) -> Finding | None:
    """Return what is said of a stack that was only looked at before it was to be created, or is no stack of ours."""
    if found.status == "REVIEW_IN_PROGRESS":
        return warning(
            "Stack",
            f"{found.name} was never created: nobody has executed its first change set",
            noted(commands.deploy(), "and answer y when it shows the changes"),
        )
    if found.stands and not found.is_ours:
        ours = commands.aws("cloudformation describe-stacks", query=_OURS, output="text")
        return failure("Stack", f"{found.name} is no stack of mfa-enforcer", noted(ours, "those that are"))
    return None


def _state_of(found: Stack, commands: Commands) -> Finding:
    events = commands.events()
    if found.status.endswith("_IN_PROGRESS"):
        return warning("Stack", f"{found.name} is changing: {found.status}", noted(events, "wait, then look again"))
    if found.status == "UPDATE_ROLLBACK_COMPLETE":
        return warning("Stack", f"{found.name} works, but the last update was taken back", events)
    if found.status not in _WHOLE:
        return failure("Stack", f"{found.name} is not whole: {found.status} {found.reason}".rstrip(), events)
    if found.parameters.get("DryRun") == "true":
        text = f"{found.name} is deployed as a dry run: nobody is enforced, nobody is mailed"
        return warning("Stack", text, commands.deploy("DryRun=false"))
    return ok("Stack", f"{found.name} is deployed: {found.status}")


@on_deployed_stack
def runs(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Say when each scheduled function last did all its work."""
    if isinstance(deployed.runs, Unreadable):
        yield from missing("Runs", [deployed.runs], commands)
        return
    now, created = deployed.now, deployed.stack.created
    for run in deployed.runs:
        most = run.overdue_after
        if run.last is not None and now - run.last <= most:
            yield ok("Runs", f"last {run.what} {_ago(now - run.last)}")
        elif run.last is None and now - created <= most:
            yield ok("Runs", f"no {run.what} yet; the stack is {_ago(now - created).removesuffix(' ago')} old")
        else:
            last = f"the last was {_ago(now - run.last)}" if run.last else "none in the last week"
            yield failure(
                "Runs",
                f"no {run.what} has come to its end within {most.total_seconds() / 3600:.0f} hours: {last}",
                noted(commands.invoke(*_BY_HAND[run.what]), f"then: {commands.logs(_BY_HAND[run.what][0])}"),
            )


def _ago(past: timedelta) -> str:
    minutes = int(past.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'} ago"
    return f"{minutes // 60} hours ago" if minutes < 48 * 60 else f"{past.days} days ago"


@on_deployed_stack
def alarms(deployed: Deployed, commands: Commands) -> Iterator[Finding]:
    """Say which alarms ring, are gone or would tell nobody; each one that rings says itself what to do."""
    if isinstance(deployed.alarms, Unreadable):
        yield from missing("Alarms", [deployed.alarms], commands)
        return
    yield from missing("Alarms", deployed.alarms, commands)
    present = [alarm for alarm in deployed.alarms if isinstance(alarm, Alarm)]
    mute = [alarm.name for alarm in present if not alarm.tells]
    ringing = [alarm for alarm in present if alarm.rings]
    if mute:
        yield failure(
            "Alarms",
            f"their actions are switched off, so they tell nobody: {', '.join(mute)}",
            commands.aws("cloudwatch enable-alarm-actions", "--alarm-names", *mute),
        )
    for alarm in ringing:
        yield failure("Alarms", f"{alarm.name} rings: {alarm.description}", "less docs/operating.md")
    if not mute and not ringing and len(present) == len(deployed.alarms):
        yield ok("Alarms", f"all {len(present)} are set, and none rings")
