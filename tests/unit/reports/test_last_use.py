"""The digest says what a user signs in with, and whether that is probably a program."""

from datetime import date, timedelta

import pytest

from domain.enrolment.credentials import KeyUse, LastUse
from reports.digest.last_use import Usage, describe_last_use, usage_of

TODAY = date(2026, 11, 24)
NEVER_USED = KeyUse(None, None)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("last_use", "password", "description"),
    [
        (LastUse(None, (KeyUse(ago(1), "s3"),)), False, "key used yesterday for s3, no password: probably a program"),
        (LastUse(None, (KeyUse(ago(0), None),)), True, "never signed in, key used today: probably a program"),
        (
            LastUse(ago(91), (KeyUse(ago(2), "ec2"),)),
            True,
            "signed in 91 days ago, key used 2 days ago for ec2: probably a program",
        ),
        (LastUse(ago(3)), True, "signed in 3 days ago"),
        (LastUse(ago(90), (KeyUse(ago(1), "s3"),)), True, "signed in 90 days ago, key used yesterday for s3"),
        (LastUse(None, (NEVER_USED,)), False, "key never used, no password: probably unused"),
        (
            LastUse(ago(1200), (KeyUse(ago(400), "s3"),)),
            True,
            "signed in 1,200 days ago, key used 400 days ago for s3: probably unused",
        ),
        (
            LastUse(None, (NEVER_USED, KeyUse(ago(5), "sqs"))),
            False,
            "key used 5 days ago for sqs, no password: probably a program",
        ),
        (LastUse(ago(-1)), True, "signed in today"),
        (LastUse(None), False, "no access key, no password: probably unused"),
        (None, None, "last use not known"),
    ],
)
def test_description(last_use: LastUse | None, password: bool | None, description: str) -> None:
    """The last sign-in and the latest use of a key are described, with the probable kind of the user."""
    assert describe_last_use(last_use, password=password, today=TODAY) == description


@pytest.mark.parametrize(
    ("signed_in", "key_used", "usage"),
    [
        (90, 0, Usage.PERSON),
        (91, 90, Usage.PROGRAM),
        (91, 91, Usage.UNUSED),
        (None, 0, Usage.PROGRAM),
        (0, None, Usage.PERSON),
    ],
)
def test_usage(signed_in: int | None, key_used: int | None, usage: Usage) -> None:
    """A user who uses a key and has not signed in for 90 days is probably a program."""
    key = KeyUse(None if key_used is None else ago(key_used), None)

    assert usage_of(LastUse(None if signed_in is None else ago(signed_in), (key,)), TODAY) is usage


def test_hostile_service() -> None:
    """No name of a service adds a line."""
    assert "\n" not in describe_last_use(LastUse(None, (KeyUse(ago(1), "s3\nx"),)), password=False, today=TODAY)
