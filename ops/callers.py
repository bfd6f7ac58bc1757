"""Who asks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose account this is."""

    account: str
    partition: str


class Identity:
    """Tells whose credentials these are; everybody may ask."""

    PERMISSIONS = ("sts:GetCallerIdentity",)

    def __init__(self, client: "STSClient") -> None:
        self._client = client

    def caller(self) -> Caller:
        """Return account and partition."""
        _, partition, _, _, account, _ = self._client.get_caller_identity()["Arn"].split(":", 5)
        return Caller(account, partition)
