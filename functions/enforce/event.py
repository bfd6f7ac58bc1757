"""A recorded CreateUser call becomes a fact: this user was created."""

from dataclasses import dataclass

from aws.cloudtrail import RecordedCall
from domain.users import User


@dataclass(frozen=True, slots=True)
class UserCreated:
    """Somebody created this user."""

    user: User


@dataclass(frozen=True, slots=True)
class NobodyCreated:
    """No user of this account came of the call."""

    reason: str


def read_created_user(call: RecordedCall, account: str) -> UserCreated | NobodyCreated:
    """Read the user from the response, which is complete where the request leaves things out; raises MalformedEvent.

    The rule lets only successful calls of this account through; a message sent by hand may be another.
    """
    if (call.source, call.name) != ("iam.amazonaws.com", "CreateUser"):
        return NobodyCreated(f"the call was {call.name} of {call.source}")
    if call.error_code is not None:
        return NobodyCreated("the call failed")
    if call.account != account:
        return NobodyCreated("the call was made in another account")
    user = User(
        name=call.text("detail.responseElements.user.userName"),
        user_id=call.text("detail.responseElements.user.userId"),
        path=call.text("detail.responseElements.user.path"),
        tags=call.tags("detail.requestParameters.tags"),
        created=call.at,
    )
    return UserCreated(user)
