"""Reads a message into a fact: a request to release or reopen a user, or a failed deletion of a user."""

import json
from dataclasses import dataclass

from aws.cloudtrail import RecordedCall
from domain.api_call import ApiCall, Ignored
from domain.enforcement.release_request import ReleaseRequest
from domain.enrolment.window_request import WindowChange, WindowRequest, is_window_request

_CONFLICTS = {"DeleteConflict", "DeleteConflictException"}


@dataclass(frozen=True, slots=True)
class FailedDeletion:
    """A deletion that failed because something is left, perhaps our policy; `message`, if there is one, names it."""

    user_name: str
    call: ApiCall
    message: str | None = None


Fact = ReleaseRequest | WindowRequest | FailedDeletion | Ignored


def read_fact(body: str, account: str) -> Fact:
    """Return the fact in a message; raises MalformedRequest, MalformedWindowRequest or MalformedEvent."""
    if is_window_request(body):
        return _reopening(WindowRequest.from_json(body), account)
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


def _reopening(request: WindowRequest, account: str) -> WindowRequest | Ignored:
    if request.account == account and request.change is WindowChange.REOPEN:
        return request
    return Ignored(f"the request is to {request.change} a user of {request.account}")


def _is_request(body: str) -> bool:
    try:
        return "release" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return False
