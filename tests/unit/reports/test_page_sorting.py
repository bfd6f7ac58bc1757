"""The report page sorts by each column and finds users, in a time that does not grow with the square of the users."""

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from subprocess import run
from typing import Any

import pytest

import reports.audit.page

SCRIPT = Path(reports.audit.page.__file__).with_name("page.js")
TABLE = Path(__file__).with_name("page_sorting.mjs")
NODE = which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js")

# Name, number of reminders, and an exemption that is sorted by its end.
ROWS = [
    [["user10"], ["2"], ["until 2026-12-31: audit", "2026-12-31"]],
    [["User9"], ["11"], ["", ""]],
    [["anna"], ["0"], ["until 2026-11-30: x", "2026-11-30"]],
    [["user2"], ["2"], ["kept in the safe", ""]],
]


# What each of these rows is.
WORDS = ["exempt missed", "unenrolled console", "enrolled", "unenrolled"]


def clicked(rows: Sequence[object], *columns: int, searches: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return the rows after clicks on the titles of these columns, one after the other, and after these searches."""
    asked = json.dumps({"rows": rows, "clicks": columns, "searches": searches, "words": WORDS})
    command = [str(NODE), str(TABLE), str(SCRIPT)]
    done = run(command, input=asked, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([0], ["anna", "user2", "User9", "user10"]),
        ([0, 0], ["user10", "User9", "user2", "anna"]),
        ([1], ["anna", "user10", "user2", "User9"]),
        ([0, 1], ["anna", "user2", "user10", "User9"]),
        ([2], ["anna", "user10", "user2", "User9"]),
        ([2, 2], ["user2", "user10", "anna", "User9"]),
    ],
    ids=str,
)
def test_clicks(columns: list[int], names: list[str]) -> None:
    """Numbers sort as numbers, equals keep their order, and empty cells stay at the bottom either way."""
    last = clicked(ROWS, *columns)["orders"][-1]

    assert last["names"] == names
    up = len(columns) == 1 or columns[0] != columns[1]
    assert last["sorted"][columns[-1]] == ("ascending" if up else "descending")
    assert sum(sorted_by is not None for sorted_by in last["sorted"]) == 1


def test_thousands_of_rows() -> None:
    """Each cell is read once, one collator compares, and all rows are removed before any is added."""
    users = 5000
    rows = [[[f"user{number * 7919 % users}"], [str(number % 9)]] for number in range(users)]

    counts = clicked(rows, 0, 1, 0, 0)["counts"]

    assert counts == {
        "collators": 1,
        "localeCompares": 0,
        "reads": 2 * users,
        "emptied": 4,
        "appended": 4,
        "movedOneByOne": 0,
    }


@pytest.mark.parametrize(
    ("typed", "status", "names", "result"),
    [
        ("", "", ["user10", "User9", "anna", "user2"], ""),
        ("USER", "", ["user10", "User9", "user2"], "3 of 4: \u201cuser\u201d"),
        ("er 2", "", ["user2"], "1 of 4: \u201cer 2\u201d"),
        ("", "unenrolled", ["User9", "user2"], "2 of 4: the unenrolled"),
        ("", "enrolled", ["anna"], "1 of 4: the enrolled"),
        ("9", "console", ["User9"], "1 of 4: the console, \u201c9\u201d"),
        ("anna", "missed", [], "0 of 4: the missed, \u201canna\u201d"),
    ],
)
def test_search(typed: str, status: str, names: list[str], result: str) -> None:
    """A search shows the users with the status whose name contains every word, and says what it shows."""
    answer = clicked(ROWS, searches=[(typed, status)])

    assert answer["usable"]
    assert answer["found"] == [{"names": names, "result": result}]


def test_search_in_sorted_table() -> None:
    """A search keeps the order of the table, and an empty one shows all users again."""
    answer = clicked(ROWS, 0, searches=[("user", ""), ("", "")])

    assert [found["names"] for found in answer["found"]] == [
        ["user2", "User9", "user10"],
        ["anna", "user2", "User9", "user10"],
    ]


def test_search_in_thousands_of_rows() -> None:
    """A name is read once for all searches, and no row is moved."""
    rows = [[[f"user{number}"], ["0"]] for number in range(5000)]

    answer = clicked(rows, searches=[("user1", ""), ("user12", ""), ("", "")])

    assert answer["counts"]["reads"] == 5000
    assert answer["counts"]["appended"] == 0
