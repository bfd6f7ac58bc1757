"""What every tier starts from: a pretended account, and the sample events."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import botocore.loaders
import botocore.session
import hypothesis
import pytest

# Powertools reads these on import: a fixture would come too late. No real account can be reached by mistake.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_MAX_ATTEMPTS="5",  # as in the template, where some functions have fewer
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    POWERTOOLS_METRICS_NAMESPACE="MfaEnforcer",
    POWERTOOLS_SERVICE_NAME="tests",
)
for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

# Each test has a boto3 session of its own, and each session would parse the service models again.
botocore.session.create_loader = cache(botocore.loaders.create_loader)

# A slow machine fails no test. CI tries the same examples each time, so that it is red for a change and nothing else.
hypothesis.settings.register_profile("laptop", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "laptop")

EVENTS = Path(__file__).parent.parent / "events"


@pytest.fixture(scope="session")
def event_text() -> Callable[[str], str]:
    """Read a sample event by its name in events/, without the ending."""
    return lambda name: (EVENTS / f"{name}.json").read_text()
