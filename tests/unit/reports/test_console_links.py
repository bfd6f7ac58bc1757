"""The links of the digest lead to the consoles of the partition and the Region."""

import pytest

from reports.digest.links import Console


@pytest.mark.parametrize(
    ("topic", "host", "region"),
    [
        ("arn:aws:sns:us-east-1:111122223333:ops", "us-east-1.console.aws.amazon.com", "us-east-1"),
        ("arn:aws-us-gov:sns:us-gov-west-1:111122223333:ops", "console.amazonaws-us-gov.com", "us-gov-west-1"),
    ],
)
def test_console(topic: str, host: str, region: str) -> None:
    """The links lead to the console of the stack's partition and Region."""
    console = Console.of(topic)

    assert console.object_url("reports", "reports/2026/11/24/090003Z.html") == (
        f"https://{host}/s3/object/reports?region={region}&prefix=reports/2026/11/24/090003Z.html"
    )
    assert console.dashboard_url("mfa-enforcer") == (
        f"https://{host}/cloudwatch/home?region={region}#dashboards/dashboard/mfa-enforcer"
    )
