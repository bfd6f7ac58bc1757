"""The group that carries the enforcement policy for users who have no slot for it, and other groups that carry it."""

from typing import TYPE_CHECKING

from aws.iam.denials import is_denied

if TYPE_CHECKING:
    from aws.iam.account import GuardedAccount


class PolicyGroups:
    """Reads which groups carry the policy: it also denies the members of groups that are not ours."""

    PERMISSIONS = ("iam:ListEntitiesForPolicy",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn

    def names(self) -> frozenset[str]:
        """Return the names of the groups, a thousand a call.

        This reads the policy and not a group, so a group that is gone or has moved to another path is no error.
        """
        pages = self._client.get_paginator("list_entities_for_policy").paginate(
            PolicyArn=self._policy_arn,
            EntityFilter="Group",
            PolicyUsageFilter="PermissionsPolicy",
            PaginationConfig={"PageSize": 1000},
        )
        return frozenset(group["GroupName"] for page in pages for group in page["PolicyGroups"])


class EnforcementGroup:
    """Attaches the policy to our group again."""

    PERMISSIONS = ("iam:AttachGroupPolicy",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam
        self._name = account.group_name
        self._policy_arn = account.policy_arn

    def attach_policy(self) -> bool:
        """Attach the policy to the group; return False if the group is gone or has no slot left, or IAM denies access.

        IAM may answer AccessDenied for a group that is gone: it has no path to match with the role's resource.
        """
        errors = self._client.exceptions
        try:
            self._client.attach_group_policy(GroupName=self._name, PolicyArn=self._policy_arn)
        except (errors.NoSuchEntityException, errors.LimitExceededException):
            return False
        except errors.ClientError as error:
            if not is_denied(error):
                raise
            return False
        return True
