"""Which users a run asks to close and to reopen, and the messages."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.enrolment.devices import Device
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.enrolment.window import Window, WindowState
from domain.enrolment.window_plan import plan_closings, plan_reopenings, without_devices
from domain.enrolment.window_request import (
    MalformedWindowRequest,
    WindowChange,
    WindowRequest,
    is_window_request,
)
from tests.unit.enrolment.test_window import TODAY, found

ACCOUNT = "111122223333"
REQUEST = WindowRequest(WindowChange.CLOSE, "AIDAALICE", "alice", ACCOUNT)


def person(number: int, window: Window) -> Person:
    user = replace(found().user, name=f"user{number:03}", user_id=f"AIDA{number:03}")
    return replace(found(), user=user, window=window)


def ended(days: int) -> Window:
    return Window(WindowState.ENDED, TODAY - timedelta(days=days))


def test_most_closed_in_a_run() -> None:
    """One run closes fifty users, those whose windows ended first."""
    people = tuple(person(number, ended(days=number)) for number in range(1, 52))

    closings = plan_closings(EnrolmentSnapshot(TODAY, people, ()), ACCOUNT)

    assert [request.user_id for request in closings] == [f"AIDA{number:03}" for number in range(51, 1, -1)]


def test_who_is_asked_for() -> None:
    """Only users whose windows have ended are closed, and only those to reopen are reopened."""
    people = tuple(person(number, Window(state, TODAY)) for number, state in enumerate(WindowState))
    snapshot = EnrolmentSnapshot(TODAY, people, ())
    names = {state: f"user{number:03}" for number, state in enumerate(WindowState)}

    assert [r.user_name for r in plan_closings(snapshot, ACCOUNT)] == [names[WindowState.ENDED]]
    assert [r.user_name for r in plan_reopenings(snapshot, ACCOUNT)] == [names[WindowState.REOPENING]]


@pytest.mark.parametrize(
    ("devices", "closed"),
    [
        ({"AIDAALICE": frozenset()}, True),
        ({"AIDAALICE": {Device.PASSKEY}}, False),
        ({"AIDAALICE": None}, False),
        ({}, False),
    ],
)
def test_devices(devices: dict[str, Any], closed: bool) -> None:
    """Only a user who has no device now is closed: not one with a device, one who is gone, or one not looked up."""
    assert bool(without_devices([REQUEST], devices)) is closed


@given(
    st.builds(
        WindowRequest,
        change=st.sampled_from(WindowChange),
        user_id=st.from_regex(r"AIDA[A-Z0-9]{12,17}", fullmatch=True),
        user_name=st.from_regex(r"[\w+=,.@-]{1,64}", fullmatch=True, alphabet=st.characters(codec="ascii")),
        account=st.just(ACCOUNT),
        closed_on=st.none() | st.dates(),
        password_set=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_round_trip(request: WindowRequest) -> None:
    """One function reads what the other writes."""
    assert is_window_request(request.to_json())
    assert WindowRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"change": "delete"}, "window.change"),
        ({"user_id": None}, "window.user_id"),
        ({"user_name": "AWS ROOT USER"}, "window.user_name"),
        ({"account": ""}, "window.account"),
        ({"closed_on": "today"}, "window.closed_on"),
        ({"password_set": "2026-12-01T09:00:00"}, "window.password_set"),
    ],
)
def test_malformed(change: dict[str, object], field: str) -> None:
    """A malformed request is refused with the name of its field."""
    message = json.loads(replace(REQUEST, closed_on=date(2026, 12, 1), password_set=datetime.now(UTC)).to_json())
    message["window"].update(change)

    with pytest.raises(MalformedWindowRequest, match=field):
        WindowRequest.from_json(json.dumps(message))


@pytest.mark.parametrize("body", ["", "[]", "7", "{}", '{"detail": {}}', "[" * 100_000])
def test_other_messages(body: str) -> None:
    """Another message is no request."""
    assert not is_window_request(body)
