"""The settings of this function."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.enforcement.decision import EnforcementMethod, ExistingUsers
from domain.enrolment.settings import window
from domain.enrolment.window import WindowRules
from domain.input.settings import EnforcementSettings, moment, one_of, seconds, setting, whole_number, words


@dataclass(frozen=True, slots=True)
class Settings(EnforcementSettings):
    """The environment of `enforce`; None for `existing_users_since` means since the deployment."""

    policy_version: str = setting(words("a version such as v1"))
    enforce_by: EnforcementMethod = setting(one_of(EnforcementMethod))
    existing_users: ExistingUsers = setting(one_of(ExistingUsers))
    existing_users_since: datetime | None = setting(moment)
    max_attachments_per_day: int = setting(whole_number)
    change_delay: timedelta = setting(seconds, variable="CHANGE_DELAY_SECONDS")
    release_queue_url: str = setting(words("the URL of a queue"))
    mail_queue_url: str = setting(words("the URL of a queue"))
    people_table: str = setting(words("the name of a table"))
    window: WindowRules = setting(window)
