"""The mails that SES of the local cloud has sent: nobody gets them, anybody can read them."""

import json
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from local.cloud import ACCOUNT, Cloud

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail as it was sent."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Everybody's mail in one place."""

    cloud: Cloud

    def allow_sender(self, address: str) -> None:
        """Verify an address that mail is sent from, as ops do once; here it is verified at once."""
        ses = cast("SESV2Client", self.cloud.client("sesv2"))
        if address not in {found["IdentityName"] for found in ses.list_email_identities()["EmailIdentities"]}:
            ses.create_email_identity(EmailIdentity=address)

    def sent_to(self, address: str) -> list[SentMail]:
        """Return the mails to an address, the oldest first."""
        return [mail for mail in self.sent() if address in mail.to]

    def sent(self) -> list[SentMail]:
        """Return all mails, the oldest first."""
        address = f"{self.cloud.endpoint}/_ministack/ses/messages?{urlencode({'account': ACCOUNT})}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  # http on 127.0.0.1
            found = json.load(answer)["messages"].get(ACCOUNT, [])
        return [
            SentMail(
                tuple(message["To"]), tuple(message["CC"]), message["Subject"], message["BodyText"], message["BodyHtml"]
            )
            for message in found
        ]
