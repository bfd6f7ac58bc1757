"""The account's users, read in bulk or one by one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.users import AccountUser, PolicyCoverage, User

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import UserDetailTypeDef, UserTypeDef

    from aws.iam.account import GuardedAccount


class UserDirectory:
    """Reads all users and how the policy reaches them: attached, through our group, or through other groups."""

    PERMISSIONS = ("iam:GetAccountAuthorizationDetails",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name

    def users(self, other_groups: frozenset[str] = frozenset()) -> Iterator[AccountUser]:
        """Read all users, a page at a time: some calls for thousands of users, and never one per user.

        The `other_groups` carry the policy and are not ours.

        IAM limits its pages by size, so their number is not known in advance ("GetAccountAuthorizationDetails": the
        results might be fewer than MaxItems even when there are more).
        """
        pages = self._client.get_paginator("get_account_authorization_details").paginate(
            Filter=["User"], PaginationConfig={"PageSize": 1000}
        )
        for page in pages:
            for detail in page["UserDetailList"]:
                yield AccountUser(
                    read_user(detail),
                    PolicyCoverage(
                        attached=any(
                            policy["PolicyArn"] == self._policy_arn for policy in detail["AttachedManagedPolicies"]
                        ),
                        in_group=self._group_name in detail["GroupList"],
                        other_groups=other_groups.intersection(detail["GroupList"]),
                    ),
                )


class UserLookup:
    """Reads one user and how the policy reaches that user: attached or through our group."""

    PERMISSIONS = ("iam:GetUser", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser")

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name

    def user(self, name: str, *, either_way: bool = False) -> AccountUser | None:
        """Read one user as IAM returns it now, or None if there is no user of that name: three calls or more.

        With `either_way`, the groups are not read if the policy is attached: one method is enough to know.
        """
        try:
            user = self._client.get_user(UserName=name)["User"]
            policies = self._client.get_paginator("list_attached_user_policies").paginate(UserName=name)
            attached = any(
                policy["PolicyArn"] == self._policy_arn for page in policies for policy in page["AttachedPolicies"]
            )
            in_group = not (either_way and attached) and self._is_member(name)
        except self._client.exceptions.NoSuchEntityException:
            return None
        # Only this call and ListUsers return the last sign-in ("User", IAM API Reference).
        signed_in = user.get("PasswordLastUsed")
        return AccountUser(replace(read_user(user), signed_in=signed_in), PolicyCoverage(attached, in_group))

    def _is_member(self, name: str) -> bool:
        groups = self._client.get_paginator("list_groups_for_user").paginate(UserName=name)
        return any(group["GroupName"] == self._group_name for page in groups for group in page["Groups"])


def read_user(detail: "UserDetailTypeDef | UserTypeDef") -> User:
    """Read a user from the response of a bulk call or of GetUser."""
    tags = {tag["Key"]: tag["Value"] for tag in detail.get("Tags", [])}
    return User(detail["UserName"], detail["UserId"], detail["Path"], tags, detail["CreateDate"])


class NamedUsers:
    """Reads users one by one, without the policy's coverage."""

    PERMISSIONS = ("iam:GetUser",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam

    def find(self, name: str) -> "User | None":
        """Return a user with tags, or None if there is no user of that name."""
        try:
            user = self._client.get_user(UserName=name)["User"]
        except self._client.exceptions.NoSuchEntityException:
            return None
        return read_user(user)
