"""Sets and removes the one tag with which the policy closes a user, and no other tag."""

from contextlib import suppress
from typing import TYPE_CHECKING

from domain.enrolment.window import CLOSED_TAG, closing_tag

if TYPE_CHECKING:
    from datetime import datetime

    from aws.iam.account import GuardedAccount


class UserCloser:
    """Sets the tag."""

    PERMISSIONS = ("iam:TagUser",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam

    def close(self, user_name: str, at: "datetime") -> None:
        """Close a user, with the time; do nothing if the user is gone. A second call only sets a later time."""
        with suppress(self._client.exceptions.NoSuchEntityException):
            self._client.tag_user(UserName=user_name, Tags=[{"Key": CLOSED_TAG, "Value": closing_tag(at)}])


class UserReopener:
    """Removes the tag."""

    PERMISSIONS = ("iam:UntagUser",)

    def __init__(self, account: "GuardedAccount") -> None:
        self._client = account.iam

    def reopen(self, user_name: str) -> None:
        """Reopen a user; do nothing if the user is gone or has no such tag."""
        with suppress(self._client.exceptions.NoSuchEntityException):
            self._client.untag_user(UserName=user_name, TagKeys=[CLOSED_TAG])
