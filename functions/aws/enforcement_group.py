"""The group that carries the enforcement policy for users who have no slot for it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class EnforcementGroup:
    """Sees to it that membership enforces."""

    PERMISSIONS = ("iam:ListAttachedGroupPolicies", "iam:AttachGroupPolicy")

    def __init__(self, client: "IAMClient", name: str, policy_arn: str) -> None:
        self._client = client
        self._name = name
        self._policy_arn = policy_arn

    def carries_policy(self) -> bool:
        """Tell whether the group is there and carries the policy."""
        pages = self._client.get_paginator("list_attached_group_policies").paginate(GroupName=self._name)
        try:
            return any(policy["PolicyArn"] == self._policy_arn for page in pages for policy in page["AttachedPolicies"])
        except self._client.exceptions.NoSuchEntityException:
            return False

    def take_policy(self) -> bool:
        """Attach the policy to the group; return False where the group is gone or has no slot left."""
        try:
            self._client.attach_group_policy(GroupName=self._name, PolicyArn=self._policy_arn)
        except (self._client.exceptions.NoSuchEntityException, self._client.exceptions.LimitExceededException):
            return False
        return True
