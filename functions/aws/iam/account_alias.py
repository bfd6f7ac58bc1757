"""The alias of the account."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class AccountAlias:
    """Reads the alias, which replaces the account's number in its sign-in address."""

    PERMISSIONS = ("iam:ListAccountAliases",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def find(self) -> str | None:
        """Return the alias; an account has one at most."""
        return next(iter(self._client.list_account_aliases()["AccountAliases"]), None)
