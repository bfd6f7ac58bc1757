"""Reads a message into a fact: a request for a user's release, or a failed deletion of a user."""

import json
from dataclasses import dataclass

from aws.cloudtrail import RecordedCall
from domain.api_call import ApiCall, Ignored
from domain.enforcement.release_request import ReleaseRequest

_CONFLICTS = {"DeleteConflict", "DeleteConflictException"}


@dataclass(frozen=True, slots=True)
class FailedDeletion:
    """A deletion that failed because something is left, perhaps our policy; `message`, if there is one, names it."""

    user_name: str
    call: ApiCall
    message: str | None = None


Fact = ReleaseRequest | FailedDeletion | Ignored


def read_fact(body: str, account: str) -> Fact:
    """Return the fact in a message; raises MalformedRequest or MalformedEvent."""
    if _is_request(body):
        request = ReleaseRequest.from_json(body)
        return request if request.account in {None, account} else Ignored(f"the request is about {request.account}")
    call = RecordedCall.from_message(body)
    reason = call.ignored_because({"DeleteUser"}, account, if_failed=False)
    if reason:
        return Ignored(reason)
    if call.error_code not in _CONFLICTS:
        return Ignored("the deletion did not fail with a conflict")
    name = call.user_name("detail.requestParameters.userName")
    return FailedDeletion(name, call.to_api_call(), call.optional_text("detail.errorMessage"))


def _is_request(body: str) -> bool:
    try:
        return "release" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return False
