"""What ops chose for this function; template.yaml holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.enforcement.decision import EnforcementMethod, ExistingUsers
from domain.exemptions import ExemptionRules
from domain.input import settings


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of `enforce`, checked; `existing_since` is None where the deployment is the border."""

    policy_arn: str
    policy_version: str
    group_name: str
    enforce_by: EnforcementMethod
    exemptions: ExemptionRules
    existing_users: ExistingUsers
    existing_since: datetime | None
    most_attachments: int
    change_delay: timedelta
    marks_table: str
    release_queue_url: str
    ops_topic_arn: str
    dry_run: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raises InvalidSetting with the variable's name."""
        return cls(
            policy_arn=settings.policy_arn(environment, "POLICY_ARN"),
            policy_version=settings.text(environment, "POLICY_VERSION", "a version such as v1"),
            group_name=settings.text(environment, "GROUP_NAME", "the name of a group"),
            enforce_by=settings.choice(environment, "ENFORCE_BY", EnforcementMethod),
            exemptions=settings.exemptions(environment),
            existing_users=settings.choice(environment, "EXISTING_USERS", ExistingUsers),
            existing_since=settings.moment(environment, "EXISTING_USERS_SINCE"),
            most_attachments=settings.whole_number(environment, "MAX_ATTACHMENTS_PER_DAY"),
            change_delay=timedelta(seconds=settings.whole_number(environment, "CHANGE_DELAY_SECONDS")),
            marks_table=settings.text(environment, "MARKS_TABLE", "the name of a table"),
            release_queue_url=settings.text(environment, "RELEASE_QUEUE_URL", "the URL of a queue"),
            ops_topic_arn=settings.text(environment, "OPS_TOPIC_ARN", "the ARN of a topic"),
            dry_run=settings.flag(environment, "DRY_RUN"),
        )
