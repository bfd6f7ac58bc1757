"""SES, told to send one mail, and what its answers mean for another try."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from domain.mail.decision import Mail

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import DestinationTypeDef, SendEmailRequestTypeDef

# MessageRejected names the addresses that are not verified: the sender, or in the sandbox a recipient.
_UNVERIFIED = re.compile(r"failed the check in region \S+: (?P<identities>.+)", re.DOTALL)


class MailRefused(RuntimeError):
    """SES will not take this mail, however often it is tried; the text is SES's reason."""


class ManagerRefused(MailRefused):
    """SES refuses the manager's address only; without it, it may take the mail."""


class MailNotSent(RuntimeError):
    """SES has not taken the mail and may take it later: throttling, a pause, or ops' settings."""


class MailUnconfirmed(RuntimeError):
    """No answer came, or one that tells of a fault of SES: it may have taken the mail.

    Another try after a 5xx may send the mail twice ("API error codes returned by Amazon SES").
    """


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """What a mail says; the subject is one line."""

    subject: str
    text: str
    html: str


class MailSender:
    """Sends mail from one address. An empty configuration set's name means that there is none."""

    PERMISSIONS = ("ses:SendEmail",)

    def __init__(self, client: "SESV2Client", sender: str, configuration_set: str) -> None:
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
        """Return whose address it was that SES refused; it need not repeat addresses letter by letter."""
        unverified = _unverified(reason)
        if self._sender.casefold() in unverified:
            return MailNotSent(reason)  # no fault of anybody's address
        if mail.cc and unverified == {mail.cc.casefold()}:
            return ManagerRefused(reason)
        return MailRefused(reason)

    def _request(self, mail: Mail, wording: RenderedMail) -> "SendEmailRequestTypeDef":
        destination: DestinationTypeDef = {"ToAddresses": [mail.to]}
        if mail.cc:
            destination["CcAddresses"] = [mail.cc]
        request: SendEmailRequestTypeDef = {
            "FromEmailAddress": self._sender,
            "Destination": destination,
            "Content": {
                "Simple": {
                    "Subject": {"Data": wording.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": wording.text, "Charset": "UTF-8"},
                        "Html": {"Data": wording.html, "Charset": "UTF-8"},
                    },
                }
            },
            # They come back with bounces and complaints, and say whose mail it was.
            "EmailTags": [{"Name": "kind", "Value": mail.kind}, {"Name": "user_id", "Value": mail.user_id}],
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request


def _unverified(reason: str) -> set[str]:
    """Return the addresses that SES names as not verified; none where it refuses for another reason."""
    found = _UNVERIFIED.search(reason)
    return {name.strip().casefold() for name in found["identities"].split(",")} if found else set()
