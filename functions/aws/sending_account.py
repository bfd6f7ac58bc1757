"""What SES allows this account at present."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from domain.sending import NoSending, SendingState

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SendingAccount:
    """Reads the sandbox, the quota, the sender and whether sending is paused, in the Region that mail is sent from."""

    PERMISSIONS = ("ses:GetAccount", "ses:GetEmailIdentity")

    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    def state(self, sender: str) -> SendingState | NoSending:
        """Return the state; that it cannot be read is for the digest to say, and no reason to stop."""
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
