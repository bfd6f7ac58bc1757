"""How this function attaches, and whom it tells when it cannot."""

from datetime import datetime
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.dynamodb.enforcement_table import NoticeThrottle
from aws.iam.attach import PolicyAttacher
from aws.sns import DailyNotices, OpsTopic
from domain.enforcement.decision import methods_in_order
from reports.enforcement_notices import unenforceable

if TYPE_CHECKING:
    from domain.users import User
    from enforce.settings import Settings

logger = Logger()
metrics = Metrics()


def enforcement(settings: "Settings") -> PolicyAttacher:
    """Return the two ways, in the order that ops chose."""
    return PolicyAttacher(
        clients.iam(), settings.policy_arn, settings.group_name, methods_in_order(settings.enforce_by)
    )


def publish_unenforceable(user: "User", settings: "Settings", now: datetime) -> None:
    """Alarm ops: neither way is open. The sweep tries again every hour."""
    logger.error("User cannot be enforced", user_name=user.name, user_id=user.user_id)
    metrics.add_metric("NewUsersUnenforceable", MetricUnit.Count, 1)
    daily_notices(settings).publish(unenforceable([user]), user.user_id, now)


def daily_notices(settings: "Settings") -> DailyNotices:
    """Return the way to ops that does not repeat itself: events come more than once."""
    return DailyNotices(
        OpsTopic(clients.sns(), settings.ops_topic_arn), NoticeThrottle(clients.dynamodb(), settings.marks_table)
    )
