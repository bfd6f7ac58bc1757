"""One mail is sent, once: claimed, paced, handed to SES, and remembered if that came to nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aws.mail_claims import MailClaims
from aws.mail_sender import MailNotSent, MailRefused, MailSender, MailUnconfirmed, Wording
from aws.sending_pace import SendingPace
from domain.mails import Mail


class Delivery(StrEnum):
    """What became of a mail; the values are what the log says."""

    SENT = "Mail sent"
    NOT_CLAIMED = "Mail was sent before, or overtaken"
    REFUSED = "Mail refused by SES"
    UNCONFIRMED = "Mail handed to SES, which did not answer"


@dataclass(frozen=True, slots=True)
class Post:
    """Sends mails."""

    claims: MailClaims
    pace: SendingPace
    sender: MailSender
    clock: Callable[[], datetime]

    def deliver(self, mail: Mail, wording: Wording) -> Delivery:
        """Send a mail unless somebody has; raises MailNotSent, and then anybody may claim it again."""
        self.pace.wait()
        claim = self.claims.claim(mail, self.clock())
        if claim is None:
            return Delivery.NOT_CLAIMED
        try:
            self.sender.send(mail, wording)
        except MailRefused as error:
            self.claims.refuse(claim, f"SES refused it: {error}")
            return Delivery.REFUSED
        except MailUnconfirmed:
            return Delivery.UNCONFIRMED
        except MailNotSent:
            self.claims.release(claim)
            raise
        self.claims.sent(claim)
        return Delivery.SENT
