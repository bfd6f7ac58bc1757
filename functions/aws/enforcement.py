"""The enforcement policy put on a user: directly, or through the group where the user's slots are taken."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.enforcement import Means

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class NoSuchUser(LookupError):
    """IAM does not know the user: not yet, or no longer."""


class Unenforceable(RuntimeError):
    """No way is open: the user has all the policies and groups that IAM allows, or the group is gone."""


class Enforcement:
    """Puts the policy on users. It can only attach: `aws.release` alone lets go."""

    PERMISSIONS = ("iam:AttachUserPolicy", "iam:AddUserToGroup")

    def __init__(self, client: "IAMClient", policy_arn: str, group_name: str, ways: Sequence[Means]) -> None:
        self._client = client
        self._policy_arn = policy_arn
        self._group_name = group_name
        self._ways = ways

    def put_on(self, user_name: str) -> Means:
        """Enforce the user and say how; done again it changes nothing.

        A user has a quota of attached policies and one of groups ("IAM and AWS STS quotas"), so one way stands in for
        the other, as it does where the group is gone. Raises NoSuchUser, and Unenforceable where no way is open.
        Any other error (throttling, a concurrent modification, the policy that is gone) is the caller's to hand back
        to the queue.
        """
        for means in self._ways:
            if self._reaches(user_name, means):
                return means
        raise Unenforceable(user_name)

    def _reaches(self, user_name: str, means: Means) -> bool:
        try:
            if means is Means.USER:
                self._client.attach_user_policy(UserName=user_name, PolicyArn=self._policy_arn)
            else:
                self._client.add_user_to_group(UserName=user_name, GroupName=self._group_name)
        except self._client.exceptions.LimitExceededException:
            return False
        except self._client.exceptions.NoSuchEntityException as error:
            # IAM says what is missing in the message only, and its kind goes first: the user may bear any name.
            message = error.response["Error"]["Message"]
            if self._policy_arn in message:
                raise
            if re.match(rf"(the )?group (with name )?{re.escape(self._group_name)}\s", message, re.IGNORECASE):
                return False
            raise NoSuchUser(user_name) from error
        return True
