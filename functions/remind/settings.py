"""What ops chose for this function; template.yaml holds the defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.contact import settings as mail_settings
from domain.contact.languages import Language
from domain.enrolment.snapshot import EnrolmentRules
from domain.input import settings
from domain.input.settings import InvalidSetting
from domain.reminders.cadence import Cadence


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of `remind`, checked. An empty `sender` means that no mail goes to people."""

    people_table: str
    mail_queue_url: str
    ops_topic_arn: str
    policy_arn: str
    group_name: str
    rules: EnrolmentRules
    time_zone: ZoneInfo
    cadence: Cadence
    language: Language
    sender: str
    ses_region: str
    report_bucket: str
    report_retention_days: int
    dry_run: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment; raises InvalidSetting with the variable's name."""
        return cls(
            people_table=settings.text(environment, "PEOPLE_TABLE", "the name of a table"),
            mail_queue_url=settings.text(environment, "MAIL_QUEUE_URL", "the URL of a queue"),
            ops_topic_arn=settings.text(environment, "OPS_TOPIC_ARN", "the ARN of a topic"),
            policy_arn=settings.policy_arn(environment, "POLICY_ARN"),
            group_name=settings.text(environment, "GROUP_NAME", "the name of a group"),
            rules=EnrolmentRules(
                exemptions=settings.exemptions(environment),
                addresses=mail_settings.address_rules(environment),
            ),
            time_zone=_time_zone(environment),
            cadence=_cadence(environment),
            language=mail_settings.language(environment),
            sender=mail_settings.sender(environment),
            ses_region=settings.text(environment, "SES_REGION", "a Region"),
            report_bucket=settings.text(environment, "REPORT_BUCKET", "the name of a bucket"),
            report_retention_days=settings.whole_number(environment, "REPORT_RETENTION_DAYS", least=1),
            dry_run=settings.flag(environment, "DRY_RUN"),
        )


def _time_zone(environment: Mapping[str, str]) -> ZoneInfo:
    expected = "a time zone such as UTC, Asia/Tokyo or Europe/Berlin"
    name = settings.text(environment, "REMINDER_TIME_ZONE", expected)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # for "Asia" it opens a folder
        raise InvalidSetting("REMINDER_TIME_ZONE", expected, name) from error


def _cadence(environment: Mapping[str, str]) -> Cadence:
    expected = "days from 0 up, such as 0,1,3,7,14"
    days = settings.items(environment, "REMINDER_DAYS", expected)
    escalate_after = settings.whole_number(environment, "ESCALATE_AFTER_DAYS", least=1)
    if not days or not all(re.fullmatch("[0-9]{1,4}", day) for day in days):
        raise InvalidSetting("REMINDER_DAYS", expected, ",".join(days))
    return Cadence(tuple(sorted({int(day) for day in days})), escalate_after)
