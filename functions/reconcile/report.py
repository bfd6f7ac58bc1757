"""What a sweep leaves in the log, in the metrics and with ops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.dynamodb.enforcement_table import AccountFlags, AccountFlagWriter, NoticeThrottle
from aws.sns import DailyNotices, OpsTopic
from domain.enforcement.sweep import Exempted, SweepOutcome, drifted, exemption_news, totals_of
from reports.enforcement_notices import (
    denied_though_exempt,
    exemptions_found,
    group_without_policy,
    policy_drifted,
    repeatedly_detached,
    unenforceable,
)

if TYPE_CHECKING:
    from domain.notice import Notice
    from reconcile.settings import Settings
    from reconcile.survey import SweepReading

logger = Logger()
metrics = Metrics()

_NAMES_IN_A_LINE = 1000


@dataclass(frozen=True, slots=True)
class Report:
    """A sweep that is over."""

    found: "SweepReading"
    outcome: SweepOutcome
    settings: "Settings"
    now: datetime

    def publish_notices(self) -> None:
        """Tell ops what they were not told within a day; in a dry run the log has to do."""
        notices = list(self._notices())
        for notice, _ in notices:
            logger.warning("Ops are to know", kind=notice.kind, subject=notice.subject)
        if self.settings.dry_run:
            return
        topic = OpsTopic(clients.sns(), self.settings.ops_topic_arn)
        self._publish_exemptions(topic)
        daily = DailyNotices(topic, NoticeThrottle(clients.dynamodb(), self.settings.marks_table))
        for notice, about in notices:
            daily.publish(notice, about, self.now)
        for users, notice_of in (
            (self.outcome.unenforceable, unenforceable),
            (self.outcome.repeatedly_detached, repeatedly_detached),
        ):
            named = sorted(users, key=lambda user: user.name)
            daily.publish_new({user.user_id: user for user in named}, notice_of, self.now)
        denied = [found for found in self._exempt if found.denied_by]
        daily.publish_new({found.user.user_id: found for found in denied}, denied_though_exempt, self.now)

    def _publish_exemptions(self, topic: OpsTopic) -> None:
        """Tell ops of every exemption that they do not know of, and remember it for as long as it lasts.

        An event that exempts somebody is told with its caller; what its event did not tell, the next sweep does.
        """
        table = (clients.dynamodb(), self.settings.marks_table)
        news = exemption_news(self._exempt, AccountFlags(*table).published_exemptions())
        # "Is detached now" is true only of users that `release` was sent.
        new = [found for found in news.new if found.user.user_id not in self.outcome.release_not_requested]
        if new:
            topic.publish(exemptions_found(sorted(new, key=lambda found: found.user.name)))
        AccountFlagWriter(*table).record_exemptions(
            {found.user.user_id: found.exemption.summary for found in new}, news.over
        )

    @property
    def _exempt(self) -> list[Exempted]:
        return [found for found in self.found.plan.exemptions if not found.ended]

    def record(self) -> dict[str, Any]:
        """Log who is exempt and who is only reported, count what the dashboard shows, and return the totals."""
        self._log_names()
        totals = totals_of(self.found.plan, self.outcome)
        numbers = {
            "UsersEnforced": totals.enforced,
            "UsersExempt": sum(totals.exempt.values()),
            "UsersMissing": sum(totals.missing.values()),
            "UsersUnenforceable": totals.unenforceable,
            "ExemptionsEnded": sum(exempted.ended for exempted in self.found.plan.exemptions),
            "PolicyDrift": int(self._drifted or not self.found.group.had_policy),
        }
        for name, number in numbers.items():
            metrics.add_metric(name, MetricUnit.Count, number)
        _count_by_reason("UsersExempt", totals.exempt)
        _count_by_reason("UsersMissing", totals.missing)
        summary: dict[str, Any] = {
            **numbers,
            "exempt": totals.exempt,
            "missing": totals.missing,
            "attached": self.outcome.attached,
            "releases": len(self.found.plan.release),
            "failed": self.outcome.failed + len(self.outcome.release_not_requested),
            "left": self.outcome.not_attempted,
            "dry_run": self.settings.dry_run,
        }
        logger.info("Sweep done", **summary)
        return summary

    @property
    def _drifted(self) -> bool:
        policy = self.found.policy
        return drifted(policy.version, self.settings.policy_version, policy.updated, self.now)

    def _notices(self) -> "Iterator[tuple[Notice, str]]":
        """Yield what ops are to be told, each with what makes it the same as yesterday's."""
        settings, version, group = self.settings, self.found.policy.version, self.found.group
        if self._drifted:
            yield policy_drifted(settings.policy_arn, version, settings.policy_version), version
        if not group.had_policy:
            mended = group.has_policy
            yield group_without_policy(settings.group_name, mended=mended), f"{settings.group_name}#{mended}"

    def _log_names(self) -> None:
        for exempted in self.found.plan.exemptions:
            logger.info(
                "Exemption ended" if exempted.ended else "User exempt",
                user_name=exempted.user_name,
                by=exempted.exemption.by,
                reason=exempted.exemption.reason,
                until=exempted.exemption.until,
            )
        for names in batched(self.found.plan.older, _NAMES_IN_A_LINE, strict=False):
            logger.info("Users older than the deployment", user_names=names)


def _count_by_reason(name: str, numbers: Mapping[str, int]) -> None:
    """Count the same again, apart by reason."""
    for reason, number in numbers.items():
        dimensions = {"service": str(metrics.service)}
        with single_metric(name, MetricUnit.Count, number, default_dimensions=dimensions) as metric:
            metric.add_dimension("reason", reason)
