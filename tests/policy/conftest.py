"""The referee, shared by all tests."""

import os
from collections.abc import Iterator

import pytest

from local.referee import Referee, missing


@pytest.fixture(scope="session")
def referee() -> Iterator[Referee]:
    """Start the referee; without node its tests are skipped, unless everything must run."""
    if reason := missing():
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with Referee() as started:
        yield started
