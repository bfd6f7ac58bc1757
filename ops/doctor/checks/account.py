"""Checks of the account without us: the Region, the events that come, the room that is left."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from ops.doctor.commands import Commands, noted
from ops.doctor.facts import IAM_REGIONS, Facts, Trail, Unreadable
from ops.doctor.findings import Finding, failure, ok, unknown, warning
from ops.doctor.missing import missing

# From here on somebody should ask for more, or clear up, before new users cannot be created.
_NEARLY_FULL = 0.9


def region(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """IAM's events reach EventBridge in one Region; anywhere else no rule ever sees a new user."""
    wanted = IAM_REGIONS.get(facts.caller.partition)
    where = f"account {facts.caller.account}, {facts.region}"
    if wanted is None:
        yield failure("Region", f"{where}: partition {facts.caller.partition} is not supported", "")
    elif facts.region == wanted:
        yield ok("Region", f"{where}: IAM's events are delivered here")
    else:
        yield failure(
            "Region",
            f"{where}: IAM's events are delivered in {wanted} only",
            noted(replace(commands, region=wanted).doctor(), f"and deploy with --region {wanted}"),
        )


def trail(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Without a trail that logs IAM's writes there is no event ("AWS API Call via CloudTrail")."""
    if isinstance(facts.trails, Unreadable):
        yield from missing("Trail", [facts.trails], commands)
        return
    home = IAM_REGIONS.get(facts.caller.partition, facts.region)
    good = [trail for trail in facts.trails if not _wrong_with(trail, home, commands)]
    if good:
        yield ok("Trail", f"{good[0].name} logs IAM's writes")
        return
    hidden = [trail for trail in facts.trails if trail.hidden]
    for found in hidden:
        look = replace(commands, region=found.home_region)
        yield unknown(
            "Trail",
            f"{found.name} could not be looked into: needs cloudtrail:{found.hidden}, or is the organization's",
            noted(look.aws("cloudtrail get-event-selectors", trail_name=found.arn), "in the account that owns it"),
        )
    for found in () if hidden else facts.trails:
        what, remedy = next(iter(_wrong_with(found, home, commands).items()))
        yield failure("Trail", f"{found.name} {what}", remedy)
    if not facts.trails:
        yield failure(
            "Trail",
            "there is none, so no event ever comes",
            noted(commands.deploy("CreateTrail=true"), "or create a trail of management events yourself"),
        )


def _wrong_with(trail: Trail, home: str, commands: Commands) -> dict[str, str]:
    """Return what keeps IAM's writes out of the trail, each with its remedy; nothing where they are in it."""
    there = replace(commands, region=trail.home_region)
    update = partial(there.aws, "cloudtrail update-trail", name=trail.arn)
    wrong: dict[str, str] = {}
    if not trail.logging:
        wrong["is switched off"] = there.aws("cloudtrail start-logging", name=trail.arn)
    if not trail.multi_region and trail.home_region != home:
        wrong[f"covers {trail.home_region} only"] = update("--is-multi-region-trail")
    if not trail.global_events:
        wrong["leaves global services such as IAM out"] = update("--include-global-service-events")
    if not trail.logs_iam_writes:
        # Its selectors are somebody's choice, and whoever puts new ones takes the old ones away.
        wrong["does not log management events that write"] = noted(
            commands.deploy("CreateTrail=true"),
            "leaves this one as it is; or add management events to its selectors yourself",
        )
    return wrong


def quotas(facts: Facts, commands: Commands) -> Iterator[Finding]:
    """Say what IAM has room for, and how many slots for policies a user has."""
    if isinstance(facts.quotas, Unreadable):
        yield from missing("Quotas", [facts.quotas], commands)
        return
    found = facts.quotas
    nearly = [
        f"{what.lower()} {found[what]:,} of {found[f'{what}Quota']:,}"
        for what in ("Users", "Groups", "Policies")
        if f"{what}Quota" in found and found.get(what, 0) >= found[f"{what}Quota"] * _NEARLY_FULL
    ]
    if nearly:
        yield warning(
            "Quotas",
            f"nearly used up: {', '.join(nearly)}",
            noted(
                commands.aws("service-quotas list-service-quotas", service_code="iam"),
                "and see who can go; 5,000 users are the end",
            ),
        )
        return
    slots = found.get("AttachedPoliciesPerUserQuota")
    room = f"; a user has {slots} slots for policies" if slots else ""
    yield ok("Quotas", f"{found.get('Users', 0):,} users of {found.get('UsersQuota', 0):,}{room}")
