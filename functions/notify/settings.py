"""The settings of this function."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.contact.settings import MailSettings
from domain.contact.settings import sender as address
from domain.input.settings import Environment, InvalidSetting, optional_words, present, setting, time_zone
from domain.mail.decision import MailRules

# As in template.yaml. The name cannot end a quoted string, hold an address or begin an encoded word (RFC 2047).
_NAME = re.compile(
    r'[^\s<>"\\@=\x00-\x1f\x7f-\x9f]([^<>"\\@=\x00-\x1f\x7f-\x9f]*[^\s<>"\\@=\x00-\x1f\x7f-\x9f])?', re.ASCII
)
_LONGEST_NAME = 40
_URL = re.compile(
    r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?#\[\]!$&()*+,;=%@-]*)?", re.ASCII
)
_LONGEST_URL = 500
# "General purpose bucket naming rules" in the Amazon S3 User Guide; a prefix has no wildcards, because IAM reads them.
_LOCATION = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.-]+)*", re.ASCII)


def display_name(environment: Environment, name: str) -> str:
    """Return the name that mailboxes show as the sender, empty if there is none; raises InvalidSetting."""
    expected = f'one line of up to {_LONGEST_NAME} characters without < > " \\ @ and =, or nothing'
    value = present(environment, name, expected)
    if value and not (_NAME.fullmatch(value) and len(value) <= _LONGEST_NAME):
        raise InvalidSetting(name, expected, value)
    return value


def url(environment: Environment, name: str) -> str:
    """Return the address of a page, empty if there is none; raises InvalidSetting."""
    expected = f"an address that begins with https:// and has up to {_LONGEST_URL} characters, or nothing"
    value = present(environment, name, expected)
    if value and not (_URL.fullmatch(value) and len(value) <= _LONGEST_URL):
        raise InvalidSetting(name, expected, value)
    return value


def bucket_location(environment: Environment, name: str) -> str:
    """Return a bucket with or without a prefix, empty if there is none; raises InvalidSetting."""
    expected = "a bucket such as example-mails, or a bucket and a prefix such as example-mails/mfa, or nothing"
    value = present(environment, name, expected)
    if value and not _LOCATION.fullmatch(value):
        raise InvalidSetting(name, expected, value)
    return value


@dataclass(frozen=True, slots=True)
class Settings(MailSettings):
    """The environment of `notify`.

    If `configuration_set` is empty, SES reports no bounces. If `contact` is empty, mails say to ask the person who gave
    them their user. If `reply_to` is empty, mails say that nobody reads replies.
    """

    configuration_set: str = setting(optional_words("the name of one"))
    zone: ZoneInfo = setting(time_zone, variable="REMINDER_TIME_ZONE")
    contact: str = setting(optional_words("an address or a name"))
    sender_name: str = setting(display_name)
    reply_to: str = setting(address)
    help_url: str = setting(url)
    mail_templates: str = setting(bucket_location, variable="MAIL_TEMPLATES_BUCKET")

    @property
    def rules(self) -> MailRules:
        """Return the rules that decide about a mail."""
        return MailRules(self.exemptions, self.addresses, self.default_language, self.zone)
