"""One user by name."""

from typing import TYPE_CHECKING

from aws.directory import read_user

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from domain.users import User


class NamedUsers:
    """Reads users one by one, without what holds them."""

    PERMISSIONS = ("iam:GetUser",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def find(self, name: str) -> "User | None":
        """Return a user with tags, or None where there is none of that name."""
        try:
            user = self._client.get_user(UserName=name)["User"]
        except self._client.exceptions.NoSuchEntityException:
            return None
        return read_user(user)
