"""A recorded call becomes a fact: a user was created or changed, or the enforcement itself was."""

from dataclasses import dataclass

from aws.cloudtrail import RecordedCall
from domain.calls import NothingHappened
from domain.users import User

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


@dataclass(frozen=True, slots=True)
class UserCreated:
    """Somebody created this user."""

    user: User


@dataclass(frozen=True, slots=True)
class UserChanged:
    """Somebody changed what decides about this user; the record does not say all, so the user is read again.

    What was taken off the user `was_held` there, whoever put it on.
    """

    user_name: str
    was_held: bool = False


@dataclass(frozen=True, slots=True)
class EnforcementChanged:
    """Somebody changed the policy or the group."""


Fact = UserCreated | UserChanged | EnforcementChanged | NothingHappened


def read_fact(call: RecordedCall, account: str) -> Fact:
    """Tell what came of a call; raises MalformedEvent.

    The rules let only successful calls of this account through; a message sent by hand may be another.
    """
    reason = _none_of_ours(call, account)
    if reason:
        return NothingHappened(reason)
    if call.name == "CreateUser":
        return UserCreated(_created(call))
    if call.name in _CHANGES_A_USER:
        renamed = call.optional_text("detail.requestParameters.newUserName")
        name = renamed or call.text("detail.requestParameters.userName")
        return UserChanged(name, was_held=call.name in _TAKES_OFF)
    return EnforcementChanged()


def _none_of_ours(call: RecordedCall, account: str) -> str | None:
    known = {"CreateUser", *_CHANGES_A_USER, *_CHANGES_THE_ENFORCEMENT}
    if call.source != "iam.amazonaws.com" or call.name not in known:
        return f"the call was {call.name} of {call.source}"
    if call.error_code is not None:
        return "the call failed"
    return None if call.account == account else "the call was made in another account"


def _created(call: RecordedCall) -> User:
    """Read the user from the response, which is complete where the request leaves things out."""
    return User(
        name=call.text("detail.responseElements.user.userName"),
        user_id=call.text("detail.responseElements.user.userId"),
        path=call.text("detail.responseElements.user.path"),
        tags=call.tags("detail.requestParameters.tags"),
        created=call.at,
    )
