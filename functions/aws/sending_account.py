"""What SES allows this account at present."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from domain.sending import NoSending, SendingState

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SendingAccount:
    """Reads the sandbox, the quota and whether sending is paused, in the Region that mail is sent from."""

    PERMISSIONS = ("ses:GetAccount",)

    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    def state(self) -> SendingState | NoSending:
        """Return the state; that it cannot be read is for the digest to say, and no reason to stop."""
        try:
            account = self._client.get_account()
        except (ClientError, BotoCoreError):
            return NoSending.UNREADABLE
        quota = account.get("SendQuota", {})
        return SendingState(
            production=account.get("ProductionAccessEnabled", False),
            enabled=account.get("SendingEnabled", False),
            most_per_day=quota.get("Max24HourSend", -1),
            sent_today=quota.get("SentLast24Hours", 0),
        )
