"""The account that the doctor and the report read: empty, or with a small stack."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.integration.ops.deployment import TEMPLATE


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    with mock_aws():
        yield


@pytest.fixture
def stack() -> str:
    """The name of a deployed stack."""
    boto3.client("cloudformation").create_stack(StackName="mfa-enforcer", TemplateBody=json.dumps(TEMPLATE))
    return "mfa-enforcer"
