"""The enforcement policy as it is now."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws.iam.account import GuardedAccount


@dataclass(frozen=True, slots=True)
class PolicyState:
    """When the policy was created and last changed, and the version that is in force, such as v3."""

    created: datetime
    updated: datetime
    version: str


class EnforcementPolicy:
    """Reads the managed policy."""

    PERMISSIONS = ("iam:GetPolicy",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._arn = account.policy_arn

    def state(self) -> PolicyState:
        """Return its state; raises NoSuchEntityException if it was deleted, which callers must not suppress."""
        policy = self._client.get_policy(PolicyArn=self._arn)["Policy"]
        return PolicyState(policy["CreateDate"], policy["UpdateDate"], policy["DefaultVersionId"])
