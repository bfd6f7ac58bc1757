"""The settings of this function."""

import re
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from domain.contact.settings import MailSettings
from domain.enforcement.dates import DateRules
from domain.enforcement.settings import dates
from domain.enrolment.settings import window
from domain.enrolment.snapshot import EnrolmentRules
from domain.enrolment.window import WindowRules
from domain.input.settings import (
    Environment,
    InvalidSetting,
    items,
    setting,
    time_zone,
    whole_number,
    words,
)
from domain.reminders.cadence import Cadence


def cadence(environment: Environment, name: str) -> Cadence:
    """Return the days of reminders and of escalation; raises InvalidSetting."""
    expected = "days from 0 up, such as 0,1,3,7,14"
    days = items(environment, name, expected)
    escalate_after = whole_number(environment, "ESCALATE_AFTER_DAYS", least=1)
    if not days or not all(re.fullmatch("[0-9]{1,4}", day) for day in days):
        raise InvalidSetting(name, expected, ",".join(days))
    return Cadence(tuple(sorted({int(day) for day in days})), escalate_after)


@dataclass(frozen=True, slots=True)
class Settings(MailSettings):
    """The environment of `remind`."""

    mail_queue_url: str = setting(words("the URL of a queue"))
    close_queue_url: str = setting(words("the URL of a queue"))
    release_queue_url: str = setting(words("the URL of a queue"))
    ops_topic_arn: str = setting(words("the ARN of a topic"))
    time_zone: ZoneInfo = setting(time_zone, variable="REMINDER_TIME_ZONE")
    cadence: Cadence = setting(cadence, variable="REMINDER_DAYS")
    dates: DateRules = setting(dates)
    window: WindowRules = setting(window)
    report_bucket: str = setting(words("the name of a bucket"))
    dashboard_name: str = setting(words("the name of a dashboard"))
    report_retention_days: int = setting(partial(whole_number, least=1))

    @property
    def rules(self) -> EnrolmentRules:
        """Return the rules that decide who needs MFA and where mail goes."""
        return EnrolmentRules(self.exemptions, self.addresses, self.dates, self.window)
