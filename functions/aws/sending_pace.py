"""How fast mail goes out: never faster than SES lets this account send."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# How many workers send at once: MaximumConcurrency of the queue's event source in template.yaml.
WORKERS = 2

# What SES allows in its sandbox, the slowest there is ("Service quotas in Amazon SES").
_SLOWEST = 1.0


class SendingPace:
    """Spaces the mails of one batch so that all workers together stay below the account's rate.

    An interval goes before every mail, the first one included: batches that follow each other keep it as well.
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
        """Wait until the next mail may go; the first call asks SES for the rate."""
        if self._interval is None:
            self._interval = WORKERS / self._rate()
        remaining = self._last + self._interval - self._clock()
        if remaining > 0:
            self._sleep(remaining)
        self._last = self._clock()

    def _rate(self) -> float:
        """Return how many mails a second the account may send; where SES does not say, the slowest."""
        try:
            rate = self._client.get_account().get("SendQuota", {}).get("MaxSendRate", _SLOWEST)
        except (ClientError, BotoCoreError):
            return _SLOWEST
        return rate if rate > 0 else _SLOWEST
