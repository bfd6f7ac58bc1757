"""Attaches the enforcement policy to a user: directly, or through the group if the user's slots are full."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aws.iam.denials import is_denied
from domain.enforcement.decision import EnforcementMethod

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from aws.iam.account import GuardedAccount


class NoSuchUser(LookupError):
    """IAM does not return the user: not yet, or no longer."""


class Unenforceable(RuntimeError):
    """No enforcement method works: the user's quotas of policies and groups are full, or the group is gone."""


class PolicyAttacher:
    """Attaches the policy to users. Only `aws.iam.detach` detaches it."""

    PERMISSIONS = ("iam:AttachUserPolicy", "iam:AddUserToGroup")

    def __init__(self, account: "GuardedAccount", methods_in_order: Sequence[EnforcementMethod]) -> None:
        self._client = account.iam
        self._policy_arn = account.policy_arn
        self._group_name = account.group_name
        self._methods = methods_in_order

    def attach_to(self, user_name: str) -> EnforcementMethod:
        """Enforce the user and return the method; a second call changes nothing.

        A user has a quota of attached policies and one of groups ("IAM and AWS STS quotas"), so each method is the
        fallback for the other. The policy is also attached to the user if the group is gone, for which IAM may answer
        AccessDenied. Raises NoSuchUser, and Unenforceable if no method works. The caller returns the message to the
        queue after any other error (throttling, a concurrent modification, a deleted policy).
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
        # Only IAM's message says what is missing. Match its start, because a user may have any name.
        missing = rf"(the )?group (with name )?{re.escape(self._group_name)}\s"
        return re.match(missing, error.response["Error"]["Message"], re.IGNORECASE) is not None

    def _misses_the_user(self, error: "ClientError") -> bool:
        missing = isinstance(error, self._client.exceptions.NoSuchEntityException)
        return missing and self._policy_arn not in error.response["Error"]["Message"]
