"""A release request is read from every release of the project."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_call import ApiCall
from domain.enforcement.release_request import MalformedRequest, ReleaseRequest

AT = datetime(2026, 11, 24, 9, 15, 2, tzinfo=UTC)
CALL = {"name": "TagUser", "caller": "jane", "at": AT.isoformat(), "address": "203.0.113.24"}
texts = st.text(min_size=1, max_size=200)
calls = st.builds(ApiCall, texts, texts, st.just(AT), texts, st.text(max_size=200))
user_names = st.from_regex(r"[\w+=,.@-]{1,64}", fullmatch=True, alphabet=st.characters(codec="ascii"))
user_ids = st.from_regex(r"AIDA[A-Z0-9]{12,17}", fullmatch=True)


def read(after: object) -> ReleaseRequest:
    request = {"user_id": "AIDAEXAMPLEROBOT", "user_name": "robot", "after": after}
    return ReleaseRequest.from_json(json.dumps({"release": request}))


@given(st.builds(ReleaseRequest, user_ids, user_names, st.none() | calls))
def test_round_trip(request: ReleaseRequest) -> None:
    """One function reads what the other writes."""
    assert ReleaseRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize("after", [CALL, {**CALL, "event_id": "", "session": "s-1"}])
def test_other_releases(after: dict[str, Any]) -> None:
    """A call with fewer or more fields than this release has is read."""
    expected = ApiCall("TagUser", "jane", AT, "203.0.113.24")

    assert read(after) == ReleaseRequest("AIDAEXAMPLEROBOT", "robot", expected)


@pytest.mark.parametrize("after", [None, 7, [], {}, {"at": "now"}, {**CALL, "at": "2026-11-24T09:15:02"}])
def test_unreadable_call(after: object) -> None:
    """A request is valid without its call, which is only logged."""
    assert read(after) == ReleaseRequest("AIDAEXAMPLEROBOT", "robot")


def test_partial_call() -> None:
    """Missing parts of a call are unknown."""
    assert read({"at": AT.isoformat(), "caller": 7}).after == ApiCall("unknown", "unknown", AT, "unknown")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        ("[]", "body"),
        ("[" * 100_000, "body"),
        ('{"release": null}', "release.user_id"),
        ('{"release": {"user_id": "AIDA"}}', "release.user_name"),
        ('{"release": {"user_id": "AIDA", "user_name": "AWS ROOT USER"}}', "release.user_name"),
        ('{"release": {"user_id": "AIDA", "user_name": "\\ud800"}}', "release.user_name"),
        ('{"release": {"user_id": ["AIDA"], "user_name": "robot"}}', "release.user_id"),
    ],
)
def test_malformed_request(body: str, field: str) -> None:
    """A body that is not a request is refused with the name of the field."""
    with pytest.raises(MalformedRequest, match=f"{field}: expected "):
        ReleaseRequest.from_json(body)
