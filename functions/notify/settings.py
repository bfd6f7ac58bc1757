"""What ops chose for this function; template.yaml holds the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.contact import settings as mail_settings
from domain.input import settings
from domain.mail.decision import MailRules


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of `notify`, checked.

    An empty `sender` means that no mail goes out, an empty `configuration_set` that nothing is reported back, and an
    empty `contact` that people are to ask whoever gave them their user.
    """

    people_table: str
    policy_arn: str
    group_name: str
    rules: MailRules
    sender: str
    ses_region: str
    configuration_set: str
    contact: str
    dry_run: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raises InvalidSetting with the variable's name."""
        return cls(
            people_table=settings.text(environment, "PEOPLE_TABLE", "the name of a table"),
            policy_arn=settings.policy_arn(environment, "POLICY_ARN"),
            group_name=settings.text(environment, "GROUP_NAME", "the name of a group"),
            rules=MailRules(
                exemptions=settings.exemptions(environment),
                addresses=mail_settings.address_rules(environment),
                default_language=mail_settings.language(environment),
            ),
            sender=mail_settings.sender(environment),
            ses_region=settings.text(environment, "SES_REGION", "a Region"),
            configuration_set=settings.present(environment, "CONFIGURATION_SET", "the name of one, or nothing"),
            contact=settings.present(environment, "CONTACT", "whom to ask, or nothing"),
            dry_run=settings.flag(environment, "DRY_RUN"),
        )
