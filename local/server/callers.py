"""The caller, as the `userIdentity` of a CloudTrail record ("CloudTrail userIdentity element")."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Root:
    """The account itself."""

    account: str
    access_key_id: str

    def as_identity(self) -> dict[str, Any]:
        """Return the record's `userIdentity`."""
        arn = f"arn:aws:iam::{self.account}:root"
        return _identity("Root", self.account, arn, self.account, self.access_key_id)


@dataclass(frozen=True, slots=True)
class IamUser:
    """A user with an access key."""

    account: str
    access_key_id: str
    arn: str
    user_id: str
    name: str

    def as_identity(self) -> dict[str, Any]:
        """Return the record's `userIdentity`."""
        identity = _identity("IAMUser", self.user_id, self.arn, self.account, self.access_key_id)
        return identity | {"userName": self.name}


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A session of a role, such as a function's own."""

    account: str
    access_key_id: str
    role_arn: str
    role_id: str
    role_name: str
    session: str

    def as_identity(self) -> dict[str, Any]:
        """Return the record's `userIdentity`."""
        arn = f"arn:aws:sts::{self.account}:assumed-role/{self.role_name}/{self.session}"
        issuer = {
            "type": "Role",
            "principalId": self.role_id,
            "arn": self.role_arn,
            "accountId": self.account,
            "userName": self.role_name,
        }
        identity = _identity("AssumedRole", f"{self.role_id}:{self.session}", arn, self.account, self.access_key_id)
        return identity | {"sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}}


type Caller = Root | IamUser | AssumedRole


def _identity(kind: str, principal_id: str, arn: str, account: str, access_key_id: str) -> dict[str, Any]:
    return {"type": kind, "principalId": principal_id, "arn": arn, "accountId": account, "accessKeyId": access_key_id}
