"""The enforcement policy as it is now."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class PolicyState:
    """When the policy was created and last changed, and the version that is in force, such as v3."""

    created: datetime
    updated: datetime
    version: str


class EnforcementPolicy:
    """Reads the managed policy."""

    PERMISSIONS = ("iam:GetPolicy",)

    def __init__(self, client: "IAMClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def state(self) -> PolicyState:
        """Return its state; raises NoSuchEntityException where somebody deleted it, which is nobody's to pass over."""
        policy = self._client.get_policy(PolicyArn=self._arn)["Policy"]
        return PolicyState(policy["CreateDate"], policy["UpdateDate"], policy["DefaultVersionId"])
