"""The enforcement policy put on a user: directly, or through the group where the user's slots are taken."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aws.iam.denials import is_denied
from domain.enforcement.decision import EnforcementMethod

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from aws.iam.account import GuardedAccount


class NoSuchUser(LookupError):
    """IAM does not know the user: not yet, or no longer."""


class Unenforceable(RuntimeError):
    """No way is open: the user has all the policies and groups that IAM allows, or the group is gone."""


class PolicyAttacher:
    """Puts the policy on users. It can only attach: `aws.iam.detach` alone lets go."""

    PERMISSIONS = ("iam:AttachUserPolicy", "iam:AddUserToGroup")

    def __init__(self, account: "GuardedAccount", methods_in_order: Sequence[EnforcementMethod]) -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name
        self._methods = methods_in_order

    def attach_to(self, user_name: str) -> EnforcementMethod:
        """Enforce the user and say how; done again it changes nothing.

        A user has a quota of attached policies and one of groups ("IAM and AWS STS quotas"), so one way stands in for
        the other, as it does if the group is gone, of which IAM may say AccessDenied. Raises NoSuchUser, and
        Unenforceable if no way is open.
        Any other error (throttling, a concurrent modification, the policy that is gone) is the caller's to hand back
        to the queue.
        """
        for method in self._methods:
            if self._reaches(user_name, method):
                return method
        raise Unenforceable(user_name)

    def _reaches(self, user_name: str, method: EnforcementMethod) -> bool:
        try:
            if method is EnforcementMethod.USER:
                self._client.attach_user_policy(UserName=user_name, PolicyArn=self._policy_arn)
            else:
                self._client.add_user_to_group(UserName=user_name, GroupName=self._group_name)
        except self._client.exceptions.ClientError as error:
            if self._is_closed(method, error):
                return False
            if self._misses_the_user(error):
                raise NoSuchUser(user_name) from error
            raise
        return True

    def _is_closed(self, method: EnforcementMethod, error: "ClientError") -> bool:
        if method is EnforcementMethod.GROUP and (is_denied(error) or self._misses_the_group(error)):
            return True
        return isinstance(error, self._client.exceptions.LimitExceededException)

    def _misses_the_group(self, error: "ClientError") -> bool:
        # IAM says what is missing in the message only, and its kind goes first: the user may bear any name.
        missing = rf"(the )?group (with name )?{re.escape(self._group_name)}\s"
        return re.match(missing, error.response["Error"]["Message"], re.IGNORECASE) is not None

    def _misses_the_user(self, error: "ClientError") -> bool:
        missing = isinstance(error, self._client.exceptions.NoSuchEntityException)
        return missing and self._policy_arn not in error.response["Error"]["Message"]
