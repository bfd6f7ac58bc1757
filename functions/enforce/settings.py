"""What ops chose for this function; template.yaml holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain import settings
from domain.enforcement import Means
from domain.exemptions import ExemptionRules


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of `enforce`, checked."""

    policy_arn: str
    group_name: str
    enforce_by: Means
    exemptions: ExemptionRules

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raises InvalidSetting with the variable's name."""
        return cls(
            policy_arn=settings.policy_arn(environment, "POLICY_ARN"),
            group_name=settings.text(environment, "GROUP_NAME", "the name of a group"),
            enforce_by=settings.choice(environment, "ENFORCE_BY", Means),
            exemptions=ExemptionRules(
                tag_key=settings.present(environment, "EXEMPT_TAG_KEY", "a tag key, or nothing"),
                paths=settings.paths(environment, "EXEMPT_PATHS"),
            ),
        )
