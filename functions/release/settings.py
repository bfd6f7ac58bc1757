"""What ops chose for this function; template.yaml holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.exemptions import ExemptionRules
from domain.input import settings


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of `release`, checked."""

    policy_arn: str
    group_name: str
    exemptions: ExemptionRules
    marks_table: str
    ops_topic_arn: str
    dry_run: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raises InvalidSetting with the variable's name."""
        return cls(
            policy_arn=settings.policy_arn(environment, "POLICY_ARN"),
            group_name=settings.text(environment, "GROUP_NAME", "the name of a group"),
            exemptions=settings.exemptions(environment),
            marks_table=settings.text(environment, "MARKS_TABLE", "the name of a table"),
            ops_topic_arn=settings.text(environment, "OPS_TOPIC_ARN", "the ARN of a topic"),
            dry_run=settings.flag(environment, "DRY_RUN"),
        )
