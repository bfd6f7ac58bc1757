"""Which users a run asks to close and to reopen."""

from collections.abc import Mapping, Sequence

from domain.enrolment.devices import Devices
from domain.enrolment.snapshot import EnrolmentSnapshot, Person
from domain.enrolment.window import MOST_CLOSED, WindowState
from domain.enrolment.window_request import WindowChange, WindowRequest


def plan_closings(snapshot: EnrolmentSnapshot, account: str) -> tuple[WindowRequest, ...]:
    """Return a request for each user to close, as many as one run closes; the windows that ended first come first."""
    ended = sorted(with_window(snapshot, WindowState.ENDED), key=lambda person: person.window.until or snapshot.today)
    return tuple(_request(WindowChange.CLOSE, person, account) for person in ended[:MOST_CLOSED])


def without_devices(
    closings: Sequence[WindowRequest], devices: Mapping[str, Devices | None]
) -> tuple[WindowRequest, ...]:
    """Return the requests about users who have no device now; what could not be read is no reason to close."""
    return tuple(request for request in closings if devices.get(request.user_id) == frozenset())


def plan_reopenings(snapshot: EnrolmentSnapshot, account: str) -> tuple[WindowRequest, ...]:
    """Return a request for each user to reopen."""
    reopening = with_window(snapshot, WindowState.REOPENING)
    return tuple(_request(WindowChange.REOPEN, person, account) for person in reopening)


def with_window(snapshot: EnrolmentSnapshot, state: WindowState) -> list[Person]:
    """Return the people whose window is in this state, in the order of their names."""
    found = (person for person in snapshot.people if person.window.state is state)
    return sorted(found, key=lambda person: person.user.name)


def _request(change: WindowChange, person: Person, account: str) -> WindowRequest:
    return WindowRequest(
        change=change,
        user_id=person.user.user_id,
        user_name=person.user.name,
        account=account,
        closed_on=person.window.closed_on,
        password_set=person.password_set,
    )
