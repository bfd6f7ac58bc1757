"""Checks of the stack: that it is whole, that its scheduled functions run, that nothing rings."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ops.doctor.checks.unreadable import unreadable
from ops.doctor.facts import Alarm, Facts, Run, Unreadable
from ops.doctor.findings import Finding, failure, ok, warning
from ops.stacks import Stack

_WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


def stack(facts: Facts) -> Iterator[Finding]:
    """Say how far the stack is."""
    match facts.stack:
        case Unreadable() as fact:
            yield unreadable("Stack", fact)
        case None:
            yield warning(
                "Stack",
                f"there is no stack {facts.stack_name} here yet; what it needs is checked above",
                "sam build && sam deploy --guided  # deployed under another name: make doctor STACK=that-name",
            )
        case Stack() as found:
            yield _state_of(found, f"--region {facts.region} --stack-name {facts.stack_name}")


def _state_of(found: Stack, which: str) -> Finding:
    events = f"aws cloudformation describe-stack-events {which}"
    if found.status.endswith("_IN_PROGRESS"):
        return warning("Stack", f"{found.name} is changing: {found.status}", f"{events}  # wait, then look again")
    if found.status == "UPDATE_ROLLBACK_COMPLETE":
        return warning("Stack", f"{found.name} works, but the last update was taken back", events)
    if found.status not in _WHOLE:
        return failure("Stack", f"{found.name} is not whole: {found.status} {found.reason}".rstrip(), events)
    if found.parameters.get("DryRun") == "true":
        text = f"{found.name} is deployed as a dry run: nobody is enforced, nobody is mailed"
        return warning("Stack", text, f"sam deploy {which} --parameter-overrides DryRun=false")
    return ok("Stack", f"{found.name} is deployed: {found.status}")


def runs(found: Stack, read: Sequence[Run] | Unreadable, now: datetime) -> Iterator[Finding]:
    """Say when each scheduled function last did all its work."""
    if isinstance(read, Unreadable):
        yield unreadable("Runs", read)
        return
    for run in read:
        most = run.overdue_after
        if run.last is not None and now - run.last <= most:
            yield ok("Runs", f"last {run.what} {_ago(now - run.last)}")
        elif run.last is None and now - found.created <= most:
            yield ok("Runs", f"no {run.what} yet; the stack is {_ago(now - found.created).removesuffix(' ago')} old")
        else:
            last = f"the last was {_ago(now - run.last)}" if run.last else "none in the last week"
            yield failure(
                "Runs",
                f"no {run.what} has come to its end within {most.total_seconds() / 3600:.0f} hours: {last}",
                f"sam remote invoke {run.function}  # then: aws logs tail {run.log_group} --since 1h",
            )


def _ago(past: timedelta) -> str:
    minutes = int(past.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes ago"
    return f"{minutes // 60} hours ago" if minutes < 48 * 60 else f"{past.days} days ago"


def alarms(read: Sequence[Alarm] | Unreadable) -> Iterator[Finding]:
    """Say which alarms ring; each says itself what to do."""
    if isinstance(read, Unreadable):
        yield unreadable("Alarms", read)
        return
    for alarm in read:
        yield failure("Alarms", f"{alarm.name} rings: {alarm.description}", "less docs/operating.md")
    if not read:
        yield ok("Alarms", "none rings")
