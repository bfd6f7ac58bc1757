"""The account and partition that the credentials belong to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Caller:
    """The account and partition of a caller."""

    account: str
    partition: str


class Identity:
    """Reads the caller's identity, which IAM allows every caller ("GetCallerIdentity")."""

    PERMISSIONS = ("sts:GetCallerIdentity",)

    def __init__(self, client: "STSClient") -> None:
        self._client = client

    def caller(self) -> Caller:
        """Return account and partition."""
        _, partition, _, _, account, _ = self._client.get_caller_identity()["Arn"].split(":", 5)
        return Caller(account, partition)
