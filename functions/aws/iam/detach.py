"""Detaches the policy. Nothing else in this project detaches anything."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from domain.enforcement.attachments import Attachment, AttachmentKind

if TYPE_CHECKING:
    from mypy_boto3_iam.literals import PolicyUsageTypeType
    from mypy_boto3_iam.type_defs import ListEntitiesForPolicyResponseTypeDef

    from aws.iam.account import GuardedAccount


class PolicyDetacher:
    """Detaches our policy, or removes a user from our group, and nothing else."""

    PERMISSIONS = (
        "iam:DetachUserPolicy",
        "iam:RemoveUserFromGroup",
        "iam:DetachGroupPolicy",
        "iam:DetachRolePolicy",
    )

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name

    def detach(self, attachment: Attachment) -> None:
        """Remove an attachment; do nothing if it is gone, perhaps with its user."""
        with suppress(self._client.exceptions.NoSuchEntityException):
            match attachment.by:
                case AttachmentKind.USER:
                    self._client.detach_user_policy(UserName=attachment.name, PolicyArn=self._policy_arn)
                case AttachmentKind.MEMBERSHIP:
                    self._client.remove_user_from_group(UserName=attachment.name, GroupName=self._group_name)
                case AttachmentKind.GROUP:
                    self._client.detach_group_policy(GroupName=attachment.name, PolicyArn=self._policy_arn)
                case AttachmentKind.ROLE:
                    self._client.detach_role_policy(RoleName=attachment.name, PolicyArn=self._policy_arn)


class PolicyAttachments:
    """Reads everything that our policy is attached to, and the members of our group."""

    PERMISSIONS = ("iam:ListEntitiesForPolicy", "iam:GetGroup")

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name

    def attachments(self) -> Iterator[Attachment]:
        """Yield what our policy is attached to, a thousand a call, without our group, which is deleted with it."""
        for page in self._entities("PermissionsPolicy"):
            yield from (Attachment(AttachmentKind.USER, user["UserName"]) for user in page["PolicyUsers"])
            yield from (Attachment(AttachmentKind.ROLE, role["RoleName"]) for role in page["PolicyRoles"])
            groups = (group["GroupName"] for group in page["PolicyGroups"])
            yield from (Attachment(AttachmentKind.GROUP, name) for name in groups if name != self._group_name)

    def members(self) -> Iterator[Attachment]:
        """Yield the members of our group, a thousand a call; none if the group is gone."""
        with suppress(self._client.exceptions.NoSuchEntityException):
            for members in self._client.get_paginator("get_group").paginate(
                GroupName=self._group_name, PaginationConfig={"PageSize": 1000}
            ):
                yield from (Attachment(AttachmentKind.MEMBERSHIP, user["UserName"]) for user in members["Users"])

    def boundaries(self) -> list[str]:
        """Return the users and roles that have our policy as permissions boundary, which we never remove.

        Without its boundary a user or role may do more than its owner intended. With it, IAM does not delete the policy
        ("DeletePolicy", IAM API Reference).
        """
        pages = list(self._entities("PermissionsBoundary"))
        users = [user["UserName"] for page in pages for user in page["PolicyUsers"]]
        return [*users, *(role["RoleName"] for page in pages for role in page["PolicyRoles"])]

    def _entities(self, usage: "PolicyUsageTypeType") -> "Iterator[ListEntitiesForPolicyResponseTypeDef]":
        with suppress(self._client.exceptions.NoSuchEntityException):
            yield from self._client.get_paginator("list_entities_for_policy").paginate(
                PolicyArn=self._policy_arn, PolicyUsageFilter=usage, PaginationConfig={"PageSize": 1000}
            )
