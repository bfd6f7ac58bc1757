"""The results of a sweep: notices, log entries and metrics."""

from collections.abc import Iterator, Mapping
from itertools import batched
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from domain.enforcement.sweep import Exempted, SweepOutcome, SweepPlan, drifted, exemption_changes, totals_of
from reports.enforcement_notices import (
    denied_though_exempt,
    exemptions_found,
    existing_users_enforced,
    group_without_policy,
    policy_drifted,
    repeatedly_detached,
    unenforceable,
)

if TYPE_CHECKING:
    from domain.notice import Notice
    from reconcile.adapters import Adapters
    from reconcile.reading import SweepReading

logger = Logger()
metrics = Metrics()

_NAMES_IN_A_LINE = 1000


def publish_notices(reading: "SweepReading", plan: SweepPlan, outcome: SweepOutcome, adapters: "Adapters") -> None:
    """Publish the notices that were not published within a day; a dry run only logs them."""
    notices = list(_notices(reading, adapters))
    for notice, _ in notices:
        logger.warning("Notice for ops", kind=notice.kind, subject=notice.subject)
    if adapters.settings.dry_run:
        return
    exempt = [exempted for exempted in plan.exemptions if not exempted.ended]
    _publish_exemptions(exempt, outcome, adapters)
    for notice, about in notices:
        adapters.notices.publish(notice, about, reading.at)
    for users, notice_of in (
        (outcome.unenforceable, unenforceable),
        (outcome.repeatedly_detached, repeatedly_detached),
        (outcome.newly_enforced, existing_users_enforced),
    ):
        named = sorted(users, key=lambda user: user.name)
        adapters.notices.publish_new({user.user_id: user for user in named}, notice_of, reading.at)
    denied = {exempted.user.user_id: exempted for exempted in exempt if exempted.denied_by}
    adapters.notices.publish_new(denied, denied_though_exempt, reading.at)


def _publish_exemptions(exempt: list[Exempted], outcome: SweepOutcome, adapters: "Adapters") -> None:
    """Publish every exemption that was not published yet, and remember it as long as it lasts.

    `enforce` publishes exemptions with the caller, from the event. The sweep publishes those without an event.
    """
    changes = exemption_changes(exempt, adapters.account_flags.published_exemptions())
    # The notice says that the policy is detached now. That is true only if the release was requested.
    new = [exempted for exempted in changes.new if exempted.user.user_id not in outcome.release_not_requested]
    if new:
        adapters.topic.publish(exemptions_found(sorted(new, key=lambda exempted: exempted.user.name)))
    published = {exempted.user.user_id: exempted.exemption.summary for exempted in new}
    adapters.account_flag_writer.record_exemptions(published, changes.over)


def _notices(reading: "SweepReading", adapters: "Adapters") -> "Iterator[tuple[Notice, str]]":
    """Yield the notices about the policy and the group, each with the key that identifies a repetition."""
    settings, version, group = adapters.settings, reading.policy.version, reading.group
    if _has_drifted(reading, adapters):
        yield policy_drifted(settings.policy_arn, version, settings.policy_version), version
    if not group.had_policy:
        repaired = group.has_policy
        yield group_without_policy(settings.group_name, repaired=repaired), f"{settings.group_name}#{repaired}"


def _has_drifted(reading: "SweepReading", adapters: "Adapters") -> bool:
    policy = reading.policy
    return drifted(policy.version, adapters.settings.policy_version, policy.updated, reading.at)


def record_totals(
    reading: "SweepReading", plan: SweepPlan, outcome: SweepOutcome, adapters: "Adapters"
) -> dict[str, Any]:
    """Log exempt and only reported users, emit the dashboard's metrics, and return the totals."""
    _log_names(plan)
    totals = totals_of(plan, outcome)
    numbers = {
        "UsersEnforced": totals.enforced,
        "UsersExempt": sum(totals.exempt.values()),
        "UsersMissing": sum(totals.missing.values()),
        "UsersUnenforceable": totals.unenforceable,
        "ExemptionsEnded": sum(exempted.ended for exempted in plan.exemptions),
        "PolicyDrift": int(_has_drifted(reading, adapters) or not reading.group.had_policy),
    }
    for name, number in numbers.items():
        metrics.add_metric(name, MetricUnit.Count, number)
    _count_by_reason("UsersExempt", totals.exempt)
    _count_by_reason("UsersMissing", totals.missing)
    summary: dict[str, Any] = {
        **numbers,
        "exempt": totals.exempt,
        "missing": totals.missing,
        "attached": outcome.attached,
        "releases": len(plan.release),
        "failed": outcome.failed + len(outcome.release_not_requested),
        "left": outcome.not_attempted,
        "dry_run": adapters.settings.dry_run,
    }
    logger.info("Sweep done", **summary)
    return summary


def _log_names(plan: SweepPlan) -> None:
    for exempted in plan.exemptions:
        logger.info(
            "Exemption ended" if exempted.ended else "User exempt",
            user_name=exempted.user_name,
            by=exempted.exemption.by,
            reason=exempted.exemption.reason,
            until=exempted.exemption.until,
        )
    for names in batched(plan.older, _NAMES_IN_A_LINE, strict=False):
        logger.info("Users older than the deployment", user_names=names)


def _count_by_reason(name: str, numbers: Mapping[str, int]) -> None:
    """Emit the same metric again, by reason."""
    for reason, number in numbers.items():
        dimensions = {"service": str(metrics.service)}
        with single_metric(name, MetricUnit.Count, number, default_dimensions=dimensions) as metric:
            metric.add_dimension("reason", reason)
