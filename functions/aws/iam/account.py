"""An account whose users are enforced, as one value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class GuardedAccount:
    """The account's number, its IAM, and the policy and the group there that enforce MFA.

    An empty `policy_arn` means that nothing is deployed in the account.
    """

    number: str
    iam: "IAMClient"
    policy_arn: str
    group_name: str
