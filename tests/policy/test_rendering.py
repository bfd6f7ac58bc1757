"""IAM accepts the policy with every combination of parameters."""

from itertools import product

import boto3
import pytest
from moto import mock_aws

from tests.policy.compare import size
from tests.policy.truth_table import PARAMETERS, Profile
from tests.template import Template

PROFILES = [
    Profile(partition, tuple(zip(PARAMETERS, chosen, strict=True)))
    for partition in ("aws", "aws-us-gov", "aws-cn")
    for chosen in product(*(values for _, values in PARAMETERS.values()))
]


def label(profile: Profile) -> str:
    return "-".join((profile.partition, *(value for _, value in profile.options)))


@pytest.mark.parametrize("profile", PROFILES, ids=label)
def test_size(profile: Profile) -> None:
    """The policy fits into the quota of a managed policy."""
    assert size(profile.policy()) <= 6144


@mock_aws
def test_grammar() -> None:
    """IAM accepts the policy; moto checks its grammar as IAM does."""
    iam = boto3.client("iam", region_name="us-east-1")

    for profile in PROFILES:
        iam.create_policy(PolicyName=label(profile), PolicyDocument=profile.policy_text())

    assert len(iam.list_policies(Scope="Local")["Policies"]) == len(PROFILES)


def test_options_are_complete() -> None:
    """Every option of the template is in the table."""
    parameters = Template().source["Parameters"]

    for parameter, values in PARAMETERS.values():
        # For a number of days, the policy has only two forms: without any, and with some.
        days = list(values.values()) if "AllowedPattern" in parameters[parameter] else []
        assert parameters[parameter].get("AllowedValues", days) == list(values.values())
        assert parameters[parameter]["Default"] == next(iter(values.values()))


def test_account_and_partition() -> None:
    """The policy names the account and the partition of its deployment."""
    text = Profile("aws-us-gov").policy_text()

    assert "arn:aws-us-gov:iam::111122223333:user/${aws:username}" in text
    assert "arn:aws:" not in text
