"""A message becomes a fact: somebody asks for a user's release, or could not delete a user."""

import json
from dataclasses import dataclass

from aws.cloudtrail import RecordedCall
from domain.api_call import ApiCall, Ignored
from domain.enforcement.release_request import ReleaseRequest

_CONFLICTS = {"DeleteConflict", "DeleteConflictException"}


@dataclass(frozen=True, slots=True)
class FailedDeletion:
    """Somebody tried to delete a user who still has something, perhaps our policy; `message` says what, if anything."""

    user_name: str
    call: ApiCall
    message: str | None = None


Fact = ReleaseRequest | FailedDeletion | Ignored


def read_fact(body: str, account: str) -> Fact:
    """Tell what a message is about; raises MalformedRequest or MalformedEvent."""
    if _is_request(body):
        request = ReleaseRequest.from_json(body)
        return request if request.account in {None, account} else Ignored(f"the request is about {request.account}")
    call = RecordedCall.from_message(body)
    reason = call.ignored_because({"DeleteUser"}, account, if_failed=False)
    if reason:
        return Ignored(reason)
    if call.error_code not in _CONFLICTS:
        return Ignored("the deletion met no conflict")
    name = call.user_name("detail.requestParameters.userName")
    return FailedDeletion(name, call.to_api_call(), call.optional_text("detail.errorMessage"))


def _is_request(body: str) -> bool:
    try:
        return "release" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return False
