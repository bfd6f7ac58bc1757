"""One user by name, and the name of the account."""

from typing import TYPE_CHECKING

from domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class NamedUsers:
    """Reads users one by one, without what holds them."""

    PERMISSIONS = ("iam:GetUser",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def find(self, name: str) -> User | None:
        """Return a user with tags, or None where there is none of that name."""
        try:
            user = self._client.get_user(UserName=name)["User"]
        except self._client.exceptions.NoSuchEntityException:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in user.get("Tags", [])}
        return User(user["UserName"], user["UserId"], user["Path"], tags, user["CreateDate"])


class AccountAlias:
    """Reads the alias that stands for the account's number in its sign-in address."""

    PERMISSIONS = ("iam:ListAccountAliases",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def find(self) -> str | None:
        """Return the alias, of which an account has one at most."""
        return next(iter(self._client.list_account_aliases()["AccountAliases"]), None)
