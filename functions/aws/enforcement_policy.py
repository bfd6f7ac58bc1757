"""The enforcement policy, and the one thing done with it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class NoSuchUser(LookupError):
    """IAM does not know the user: not yet, or no longer."""


class EnforcementPolicy:
    """The managed policy that denies everything but enrolment until its user signs in with MFA."""

    PERMISSIONS = ("iam:AttachUserPolicy",)

    def __init__(self, client: "IAMClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def attach_to(self, user_name: str) -> None:
        """Attach the policy; done again it changes nothing.

        Raises NoSuchUser. Any other error (throttling, a concurrent modification, a full quota) is the caller's to
        hand back to the queue.
        """
        try:
            self._client.attach_user_policy(UserName=user_name, PolicyArn=self._arn)
        except self._client.exceptions.NoSuchEntityException as error:
            # The policy may be what is missing: that is no user who left, and must not pass for one.
            if "policy" in str(error).lower() and self._arn in str(error):
                raise
            raise NoSuchUser(user_name) from error
