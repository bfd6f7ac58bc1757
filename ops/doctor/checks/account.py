"""Checks of the account: the Region, the trail and the quotas of IAM, which must be in order before a deployment."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import IAM_REGIONS, Facts, Trail, Unreadable
from ops.doctor.findings import Finding, failure, ok, unknown, warning
from ops.doctor.missing import missing
from ops.stacks import Stack

# The part of a quota from which on ops are warned, before IAM refuses new users.
_NEARLY_FULL = 0.9

# The events that CloudTrail logs if nobody sets selectors ("PutEventSelectors"), as for the stack's own trail.
_DEFAULT_SELECTORS = "ReadWriteType=All,IncludeManagementEvents=true"


def region(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Check the Region: EventBridge gets IAM's events in one Region only, so a rule in another matches nothing."""
    right = IAM_REGIONS.get(facts.caller.partition)
    here = f"account {facts.caller.account}, {facts.region}"
    if right is None:
        yield failure("Region", f"{here}: partition {facts.caller.partition} is not supported", "")
    elif facts.region == right:
        yield ok("Region", f"{here}: IAM's events are delivered here")
    else:
        yield failure(
            "Region",
            f"{here}: IAM's events are delivered in {right} only",
            noted(replace(commands, region=right).doctor(), f"and deploy with --region {right}"),
        )


def trail(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Check that a trail logs IAM's writes: EventBridge gets no event of others ("AWS API Call via CloudTrail")."""
    if isinstance(facts.trails, Unreadable):
        yield from missing("Trail", [facts.trails], commands)
        return
    faults = [(trail, _fault(trail, facts, commands)) for trail in facts.trails]
    good = [trail for trail, fault in faults if not fault]
    refused = [trail for trail in facts.trails if trail.refused]
    if good:
        yield ok("Trail", f"{good[0].name} logs IAM's writes")
    elif refused:
        yield from (_refused(trail, commands) for trail in refused)
    else:
        yield from (failure("Trail", f"{trail.name} {fault[0]}", fault[1]) for trail, fault in faults if fault)
    if not facts.trails:
        yield failure(
            "Trail",
            "there is none, so no event ever comes",
            noted(_create_trail(facts, commands), "or create a trail of management events yourself"),
        )


def _refused(trail: Trail, commands: Commands) -> Finding:
    home = replace(commands, region=trail.home_region)
    return unknown(
        "Trail",
        f"{trail.name} could not be read: needs cloudtrail:{trail.refused}, or it is the trail of the organization",
        noted(home.aws("cloudtrail get-event-selectors", trail_name=trail.arn), "in the account that owns the trail"),
    )


def _fault(trail: Trail, facts: Facts, commands: Commands) -> tuple[str, str] | None:
    """Return the first reason why the trail does not log IAM's writes, with its remedy; None if it logs them."""
    home = replace(commands, region=trail.home_region)
    update = partial(home.aws, "cloudtrail update-trail", name=trail.arn)
    if not trail.logging:
        return "has stopped logging", home.aws("cloudtrail start-logging", name=trail.arn)
    if not trail.multi_region and trail.home_region != IAM_REGIONS.get(facts.caller.partition, facts.region):
        return f"covers {trail.home_region} only", update("--is-multi-region-trail")
    if not trail.global_events:
        return "leaves out global services such as IAM", update("--include-global-service-events")
    if not trail.logs_iam_writes:
        return "does not log write management events", _log_writes(trail, facts, commands)
    return None


def _log_writes(trail: Trail, facts: Facts, commands: Commands) -> str:
    """Return the command after which a trail logs IAM's writes; new selectors replace all others ("PutEventSelectors").

    Those of the stack's own trail may be replaced, those of another trail are the choice of its owner.
    """
    if isinstance(facts.stack, Stack) and facts.stack.resource("Trail").physical == trail.name:
        home = replace(commands, region=trail.home_region)
        return home.aws("cloudtrail put-event-selectors", trail_name=trail.arn, event_selectors=_DEFAULT_SELECTORS)
    return noted(
        _create_trail(facts, commands), "leaves this trail as it is; or add management events to its selectors yourself"
    )


def _create_trail(facts: Facts, commands: Commands) -> str:
    """Return the command that creates a trail with the stack.

    If the stack has one already, somebody has deleted it, and a deployment with the same parameters changes nothing.
    """
    if isinstance(facts.stack, Stack) and facts.stack.resource("Trail").physical:
        return commands.revert_drift()
    return commands.deploy("CreateTrail=true")


def quotas(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Check that IAM has room for users, groups and policies."""
    if isinstance(facts.quotas, Unreadable):
        yield from missing("Quotas", [facts.quotas], commands)
        return
    summary = facts.quotas
    nearly_full = [
        f"{kind.lower()} {summary[kind]:,} of {summary[f'{kind}Quota']:,}"
        for kind in ("Users", "Groups", "Policies")
        if f"{kind}Quota" in summary and summary.get(kind, 0) >= summary[f"{kind}Quota"] * _NEARLY_FULL
    ]
    if nearly_full:
        yield warning(
            "Quotas",
            f"nearly full: {', '.join(nearly_full)}",
            noted(
                commands.aws("service-quotas list-service-quotas", service_code="iam"),
                "Adjustable: true can be increased; otherwise delete what nobody uses",
            ),
        )
        return
    slots = summary.get("AttachedPoliciesPerUserQuota")
    per_user = f"; {slots} policies can be attached to a user" if slots else ""
    yield ok("Quotas", f"{summary.get('Users', 0):,} users of {summary.get('UsersQuota', 0):,}{per_user}")
