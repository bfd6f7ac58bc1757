"""Reads the quota and the state of SES for this account, and limits the sending rate to it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from domain.mail.ses_status import NoSending, SendingState

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SendingAccount:
    """Reads the sandbox, the quota, the sender and whether sending is paused, in the Region that sends mail."""

    PERMISSIONS = ("ses:GetAccount", "ses:GetEmailIdentity")

    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    def state(self, sender: str) -> SendingState | NoSending:
        """Return the state; if it cannot be read, the digest reports that, and the run continues."""
        try:
            account = self._client.get_account()
            verified = any(self._is_verified(identity) for identity in _identities_of(sender))
        except (ClientError, BotoCoreError):
            return NoSending.UNREADABLE
        quota = account.get("SendQuota", {})
        return SendingState(
            verified=verified,
            production=account.get("ProductionAccessEnabled", False),
            enabled=account.get("SendingEnabled", False),
            most_per_day=quota.get("Max24HourSend", -1),
            sent_today=quota.get("SentLast24Hours", 0),
        )

    def _is_verified(self, identity: str) -> bool:
        try:
            return self._client.get_email_identity(EmailIdentity=identity).get("VerifiedForSendingStatus", False)
        except self._client.exceptions.NotFoundException:
            return False


def _identities_of(sender: str) -> list[str]:
    """Return what SES may have verified: the address, its domain, or a domain above that ("Verified identities")."""
    labels = sender.rpartition("@")[2].split(".")
    return [sender, *(".".join(labels[level:]) for level in range(len(labels) - 1))]


# The number of concurrent senders: MaximumConcurrency of the queue's event source in template.yaml.
WORKERS = 2

# The rate in the SES sandbox, the lowest there is ("Service quotas in Amazon SES").
_SLOWEST = 1.0


class SendingRateLimiter:
    """Spaces the mails of one batch so that all workers together stay below the account's rate.

    It waits before every mail, including the first, so that consecutive batches keep the interval too.
    """

    PERMISSIONS = ("ses:GetAccount",)

    def __init__(
        self,
        client: "SESV2Client",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._last = clock()
        self._interval: float | None = None

    def wait(self) -> None:
        """Wait until the next mail may be sent; the first call reads the rate from SES."""
        if self._interval is None:
            self._interval = WORKERS / self._rate()
        remaining = self._last + self._interval - self._clock()
        if remaining > 0:
            self._sleep(remaining)
        self._last = self._clock()

    def _rate(self) -> float:
        """Return how many mails a second the account may send; the lowest rate if SES does not say."""
        try:
            rate = self._client.get_account().get("SendQuota", {}).get("MaxSendRate", _SLOWEST)
        except (ClientError, BotoCoreError):
            return _SLOWEST
        return rate if rate > 0 else _SLOWEST
