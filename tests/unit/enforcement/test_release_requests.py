"""A request for a user's release is read whichever release of the project has written it."""

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
    """What one function writes is what the other reads."""
    assert ReleaseRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize("after", [CALL, {**CALL, "event_id": "", "session": "s-1"}])
def test_other_releases(after: dict[str, Any]) -> None:
    """A call with fewer fields or more than this release knows is read."""
    expected = ApiCall("TagUser", "jane", AT, "203.0.113.24")

    assert read(after) == ReleaseRequest("AIDAEXAMPLEROBOT", "robot", expected)


@pytest.mark.parametrize("after", [None, 7, [], {}, {"at": "now"}, {**CALL, "at": "2026-11-24T09:15:02"}])
def test_call_that_cannot_be_read(after: object) -> None:
    """A request is good without its call, which is only for the log."""
    assert read(after) == ReleaseRequest("AIDAEXAMPLEROBOT", "robot")


def test_call_in_part() -> None:
    """What is missing of a call is unknown."""
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
def test_no_request(body: str, field: str) -> None:
    """What is no request is refused by the name of the field."""
    with pytest.raises(MalformedRequest, match=f"{field}: expected "):
        ReleaseRequest.from_json(body)
