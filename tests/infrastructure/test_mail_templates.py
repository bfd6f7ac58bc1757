"""The bucket of mail templates in the template: who may read what."""

from typing import Any

import pytest

from tests.template import Template


def statements(**parameters: str) -> list[dict[str, Any]]:
    """Return what notify may do with S3."""
    role = Template(**parameters).resources["NotifyRole"]["Properties"]
    (policy,) = role["Policies"]
    return [found for found in policy["PolicyDocument"]["Statement"] if "s3:" in str(found["Action"])]


def test_without_bucket() -> None:
    """By default notify may not read from S3 at all."""
    assert statements() == []


@pytest.mark.parametrize("location", ["example-mails", "example-mails/mfa"])
def test_with_bucket(location: str) -> None:
    """Notify may read the objects of the bucket, below the prefix only, and may not list them."""
    (statement,) = statements(MailTemplatesBucket=location)

    assert (statement["Effect"], statement["Action"]) == ("Allow", "s3:GetObject")
    assert statement["Resource"] == f"arn:aws:s3:::{location}/*"
