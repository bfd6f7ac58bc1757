"""Reads a recorded call into a fact: a user was created or changed or got a password, or the policy changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws.cloudtrail import RecordedCall
from domain.api_call import Ignored
from domain.users import User
from reports.enforcement_notices import GroupUpdate

_TAKES_OFF = {"DetachUserPolicy", "RemoveUserFromGroup"}
_CHANGES_A_USER = {*_TAKES_OFF, "TagUser", "UntagUser", "UpdateUser"}
_CHANGES_THE_ENFORCEMENT = {
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "DeletePolicy",
    "DetachGroupPolicy",
    "DeleteGroup",
    "UpdateGroup",
}
_SETS_A_PASSWORD = {"CreateLoginProfile", "UpdateLoginProfile"}
_NAMES = {"CreateUser", *_CHANGES_A_USER, *_CHANGES_THE_ENFORCEMENT, *_SETS_A_PASSWORD}


@dataclass(frozen=True, slots=True)
class UserCreated:
    """A user was created."""

    user: User


@dataclass(frozen=True, slots=True)
class UserChanged:
    """A change to a user that may affect the decision; the record is incomplete, so the user is read again.

    `policy_detached` means that the call detached the policy or removed the user from the group. A user who was
    `renamed_from` another name may have been changed under that one. The call set these `tags` and this `path`, which
    may exempt the user.
    """

    user_name: str
    policy_detached: bool = False
    renamed_from: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None


@dataclass(frozen=True, slots=True)
class EnforcementChanged:
    """A change to the policy or the group; `update` has the details if the call was UpdateGroup."""

    update: GroupUpdate | None = None


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """Somebody else set a password for the user, who is reopened if the user was closed."""

    user_name: str


Fact = UserCreated | UserChanged | EnforcementChanged | PasswordSet | Ignored


def read_fact(call: RecordedCall, account: str) -> Fact:
    """Return the fact in a call; raises MalformedEvent."""
    reason = call.ignored_because(_NAMES, account)
    if reason:
        return Ignored(reason)
    if call.name == "CreateUser":
        return UserCreated(_created(call))
    if call.name in _CHANGES_A_USER:
        return _changed(call)
    if call.name in _SETS_A_PASSWORD:
        return PasswordSet(call.user_name("detail.requestParameters.userName"))
    return EnforcementChanged(_update(call) if call.name == "UpdateGroup" else None)


def _changed(call: RecordedCall) -> UserChanged:
    name = call.user_name("detail.requestParameters.userName")
    renamed = call.optional_user_name("detail.requestParameters.newUserName")
    return UserChanged(
        user_name=renamed or name,
        policy_detached=call.name in _TAKES_OFF,
        renamed_from=name if renamed else None,
        tags=call.tags("detail.requestParameters.tags"),
        path=call.optional_text("detail.requestParameters.newPath"),
    )


def _update(call: RecordedCall) -> GroupUpdate:
    return GroupUpdate(
        name=call.text("detail.requestParameters.groupName"),
        new_name=call.optional_text("detail.requestParameters.newGroupName"),
        new_path=call.optional_text("detail.requestParameters.newPath"),
    )


def _created(call: RecordedCall) -> User:
    """Read the user from the response, because the request may be incomplete."""
    return User(
        name=call.user_name("detail.responseElements.user.userName"),
        user_id=call.user_id("detail.responseElements.user.userId"),
        path=call.text("detail.responseElements.user.path"),
        tags=call.tags("detail.requestParameters.tags"),
        created=call.at,
    )
