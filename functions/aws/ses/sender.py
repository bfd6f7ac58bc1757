"""Sends one mail through SES, and interprets its answers for a retry."""

import re
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from domain.mail.decision import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import DestinationTypeDef, MessageHeaderTypeDef, SendEmailRequestTypeDef

# RFC 3834, 5: automatic responders, such as out-of-office replies, do not answer such a mail.
_AUTOMATIC: "MessageHeaderTypeDef" = {"Name": "Auto-Submitted", "Value": "auto-generated"}

_LONGEST_WORD = 75  # RFC 2047, 2

# MessageRejected names the addresses that are not verified: the sender, or in the sandbox a recipient.
_UNVERIFIED = re.compile(r"failed the check in region \S+: (?P<identities>.+)", re.DOTALL)


class MailRefused(RuntimeError):
    """SES refuses this mail permanently; the text is its reason."""


class ManagerRefused(MailRefused):
    """SES refuses only the manager's address; it may accept the mail without it."""


class MailNotSent(RuntimeError):
    """SES did not accept the mail and may accept it later: throttling, a pause, or ops' settings."""


class MailUnconfirmed(RuntimeError):
    """SES did not answer, or failed with a 5xx: it may have accepted the mail.

    A retry after a 5xx may send the mail twice ("API error codes returned by Amazon SES").
    """


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """The content of a mail; the subject is one line."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of the mails; without a `name` mailboxes show the address, without `reply_to` replies go to it."""

    address: str
    name: str = ""
    reply_to: str = ""

    @property
    def header(self) -> str:
        """Return the address with the name, in ASCII.

        Other characters must be encoded words ("SendEmail", Amazon SES API Reference), each as short as RFC 2047 says.
        """
        if not self.name:
            return self.address
        if self.name.isascii():
            return formataddr((self.name, self.address))
        return f"{Header(self.name, 'utf-8', maxlinelen=_LONGEST_WORD).encode(linesep='')} <{self.address}>"


class MailSender:
    """Sends mail from one sender. An empty `configuration_set` means that there is none."""

    PERMISSIONS = ("ses:SendEmail",)

    def __init__(self, client: "SESV2Client", sender: Sender, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, mail: Mail, wording: RenderedMail) -> None:
        """Send a mail; raises MailRefused, MailNotSent or MailUnconfirmed."""
        errors = self._client.exceptions
        try:
            self._client.send_email(**self._request(mail, wording))
        except (errors.MessageRejected, errors.BadRequestException) as error:
            raise self._refusal(mail, error.response["Error"].get("Message", str(error))) from error
        except HTTPClientError as error:
            raise MailUnconfirmed(str(error)) from error
        except ClientError as error:
            taken = error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
            raise (MailUnconfirmed if taken else MailNotSent)(str(error)) from error
        except BotoCoreError as error:
            raise MailNotSent(str(error)) from error

    def _refusal(self, mail: Mail, reason: str) -> MailRefused | MailNotSent:
        """Return whose address SES refused; SES may repeat addresses in another case."""
        unverified = _unverified(reason)
        if self._sender.address.casefold() in unverified:
            return MailNotSent(reason)  # the recipient's address is not at fault
        if mail.cc and unverified == {mail.cc.casefold()}:
            return ManagerRefused(reason)
        return MailRefused(reason)

    def _request(self, mail: Mail, wording: RenderedMail) -> "SendEmailRequestTypeDef":
        destination: DestinationTypeDef = {"ToAddresses": [mail.to]}
        if mail.cc:
            destination["CcAddresses"] = [mail.cc]
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": self._sender.header,
            "Destination": destination,
            "Content": {
                "Simple": {
                    "Subject": {"Data": wording.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": wording.text, "Charset": "UTF-8"},
                        "Html": {"Data": wording.html, "Charset": "UTF-8"},
                    },
                    "Headers": [_AUTOMATIC],
                }
            },
            # SES returns the tags with bounces and complaints; they identify the user.
            "EmailTags": [{"Name": "kind", "Value": mail.kind}, {"Name": "user_id", "Value": mail.user_id}],
        }
        if self._sender.reply_to:
            request["ReplyToAddresses"] = [self._sender.reply_to]
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request


def _unverified(reason: str) -> set[str]:
    """Return the addresses that SES names as not verified; none if it refuses for another reason.

    SES may repeat an address with its name: `Cloud team <mfa@example.com>, mfa@example.com`.
    """
    match = _UNVERIFIED.search(reason)
    names = match["identities"].split(",") if match else []
    return {name.rpartition("<")[2].strip(" >").casefold() for name in names}
