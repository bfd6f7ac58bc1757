"""Sends a mail once: waits for its turn, claims it, sends it through SES and records the outcome."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from aws.dynamodb.mail_claims import MailClaims
from aws.ses.quota import SendingRateLimiter
from aws.ses.sender import MailNotSent, MailRefused, MailSender, MailUnconfirmed, ManagerRefused, RenderedMail
from aws.sqs.batch import TooLate
from domain.mail.decision import Mail


class Delivery(StrEnum):
    """The outcome of a mail; the values are log messages."""

    SENT = "Mail sent"
    SENT_TO_PERSON_ONLY = "Mail sent without the manager, whose address SES refused"
    NOT_CLAIMED = "Mail was claimed before, or is out of date"
    REFUSED = "Mail refused by SES"
    UNCONFIRMED = "Mail sent, but SES did not confirm it"


@dataclass(frozen=True, slots=True)
class MailDelivery:
    """Sends mails."""

    claims: MailClaims
    rate: SendingRateLimiter
    sender: MailSender
    clock: Callable[[], datetime]

    def deliver(self, mail: Mail, render: Callable[[Mail], RenderedMail], has_time: Callable[[], bool]) -> Delivery:
        """Send a mail unless it was sent before; after TooLate or MailNotSent it can be claimed again.

        It is rendered first, so that an error in a template comes before the claim.
        """
        rendered = render(mail)
        self._take_turn(has_time)
        claim = self.claims.claim(mail)
        if claim is None:
            return Delivery.NOT_CLAIMED
        settle = partial(_settle, has_time=has_time)
        try:
            delivery = self._send(mail, rendered, render, has_time)
        except MailRefused as error:
            settle(partial(self.claims.refuse, claim, f"SES refused it: {error}"))
            return Delivery.REFUSED
        except MailUnconfirmed:
            return Delivery.UNCONFIRMED
        except (MailNotSent, TooLate):
            settle(partial(self.claims.release, claim))
            raise
        settle(partial(self.claims.confirm, claim, self.clock()))
        return delivery

    def _send(
        self, mail: Mail, rendered: RenderedMail, render: Callable[[Mail], RenderedMail], has_time: Callable[[], bool]
    ) -> Delivery:
        try:
            self.sender.send(mail, rendered)
        except ManagerRefused:
            alone = replace(mail, cc=None)
            self._take_turn(has_time)
            self.sender.send(alone, render(alone))
            return Delivery.SENT_TO_PERSON_ONLY
        return Delivery.SENT

    def _take_turn(self, has_time: Callable[[], bool]) -> None:
        """Wait for the rate limit of SES; raises TooLate if no time is left for its answer then."""
        self.rate.wait()
        if not has_time():
            raise TooLate


def _settle(write: Callable[[], None], has_time: Callable[[], bool]) -> None:
    """Write the outcome of a mail, and retry as long as there is time.

    If the outcome cannot be written, a reminder is sent again the next day; another mail stays claimed and is not.
    """
    while True:
        try:
            write()
        except (ClientError, BotoCoreError):
            if not has_time():
                raise
            time.sleep(1)
        else:
            return
