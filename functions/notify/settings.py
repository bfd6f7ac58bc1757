"""The settings of this function."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.contact.settings import MailSettings
from domain.input.settings import optional_words, setting, time_zone
from domain.mail.decision import MailRules


@dataclass(frozen=True, slots=True)
class Settings(MailSettings):
    """The environment of `notify`.

    If `configuration_set` is empty, SES reports no bounces. If `contact` is empty, mails say to ask the person who gave
    them their user.
    """

    configuration_set: str = setting(optional_words("the name of one"))
    zone: ZoneInfo = setting(time_zone, variable="REMINDER_TIME_ZONE")
    contact: str = setting(optional_words("an address or a name"))

    @property
    def rules(self) -> MailRules:
        """Return the rules that decide about a mail."""
        return MailRules(self.exemptions, self.addresses, self.default_language, self.zone)
