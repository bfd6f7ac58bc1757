"""The trend as lines of a chart; positions are in units of the drawing, from its upper left corner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from domain.enrolment.record import EnrolmentStatus
from domain.enrolment.totals import RunTotals

WIDTH, HEIGHT = 900, 240
# The margins: the scale on the left, the names of the lines on the right, and the days below.
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 120, 12, 28
_NAMES_APART = 16
_SHOWN = {
    EnrolmentStatus.ENROLLED: "enrolled",
    EnrolmentStatus.UNENROLLED: "not enrolled",
    EnrolmentStatus.EXEMPT: "exempt",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One number over time; `name_at` is the vertical position of its name beside the last point."""

    state: str
    name: str
    last: int
    points: tuple[tuple[float, float], ...]
    name_at: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines and the scales: numbers with their vertical, days with their horizontal position."""

    lines: tuple[Line, ...]
    numbers: tuple[tuple[int, float], ...]
    days: tuple[tuple[date, float], ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def daily(runs: Sequence[RunTotals]) -> list[RunTotals]:
    """Return the last run of each day, in order."""
    return list({run.at.date(): run for run in sorted(runs, key=lambda run: run.at)}.values())


def chart_of(runs: Sequence[RunTotals]) -> Chart | None:
    """Return the chart, or None if the runs are of fewer than two days: one point is no trend."""
    days = daily(runs)
    if len(days) < 2:
        return None
    first, last = days[0].at.date(), days[-1].at.date()
    top = _rounded_up(max(run.counts.get(state, 0) for run in days for state in _SHOWN))

    def across(day: date) -> float:
        return round(_LEFT + (day - first) / (last - first) * (WIDTH - _LEFT - _RIGHT), 1)

    def down(number: int) -> float:
        return round(_TOP + (1 - number / top) * (HEIGHT - _TOP - _BOTTOM), 1)

    lines = [
        Line(
            state=state,
            name=name,
            last=days[-1].counts.get(state, 0),
            points=tuple((across(run.at.date()), down(run.counts.get(state, 0))) for run in days),
            name_at=down(days[-1].counts.get(state, 0)),
        )
        for state, name in _SHOWN.items()
    ]
    middle = first + (last - first) / 2
    return Chart(
        lines=_with_names_apart(lines),
        numbers=tuple((number, down(number)) for number in (0, top // 2, top)),
        days=tuple((day, across(day)) for day in sorted({first, middle, last})),
    )


def _rounded_up(number: int) -> int:
    """Return an even number for the top of a scale: 2, 4, 6, 8 or 10 times a power of ten."""
    power = int(f"1{'0' * (len(str(number)) - 1)}")
    return max(2, 2 * ceil(number / (2 * power)) * power)


def _with_names_apart(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Move names down if they cover the one above, then up again if that moved them below the lower edge."""
    placed: list[Line] = []
    free_from = 0.0
    for line in sorted(lines, key=lambda line: line.name_at):
        at = max(line.name_at, free_from)
        free_from = at + _NAMES_APART
        placed.append(Line(line.state, line.name, line.last, line.points, at))
    lowest = float(HEIGHT - _BOTTOM)
    for number, line in reversed(list(enumerate(placed))):
        at = min(line.name_at, lowest)
        lowest = at - _NAMES_APART
        placed[number] = Line(line.state, line.name, line.last, line.points, at)
    return tuple(placed)
