"""The settings of this function."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.contact.addresses import AddressRules
from domain.contact.settings import address_rules, sender
from domain.enforcement.dates import DateRules
from domain.enforcement.decision import EnforcementMethod, ExistingUsers
from domain.enforcement.settings import dates
from domain.enrolment.snapshot import EnrolmentRules
from domain.input.settings import (
    EnforcementSettings,
    moment,
    one_of,
    setting,
    time_zone,
    whole_number,
    words,
)


@dataclass(frozen=True, slots=True)
class Settings(EnforcementSettings):
    """The environment of `reconcile`; None for `existing_users_since` means since the deployment."""

    policy_version: str = setting(words("a version such as v1"))
    enforce_by: EnforcementMethod = setting(one_of(EnforcementMethod))
    existing_users: ExistingUsers = setting(one_of(ExistingUsers))
    existing_users_since: datetime | None = setting(moment)
    max_attachments_per_day: int = setting(whole_number)
    release_queue_url: str = setting(words("the URL of a queue"))
    dates: DateRules = setting(dates)
    zone: ZoneInfo = setting(time_zone, variable="REMINDER_TIME_ZONE")
    addresses: AddressRules = setting(address_rules)
    sender: str = setting(sender, variable="SENDER_EMAIL")
    people_table: str = setting(words("the name of a table"))
    mail_queue_url: str = setting(words("the URL of a queue"))

    @property
    def enrolment_rules(self) -> EnrolmentRules:
        """Return the rules by which a user's day has come and was announced."""
        return EnrolmentRules(self.exemptions, self.addresses, self.dates)
