"""Users who belong to a CloudFormation stack are enforced like others, and do not block that stack's deletion."""

import json
from typing import TYPE_CHECKING, cast

import pytest

from local.account import Account, eventually

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

TEMPLATE = json.dumps({"Resources": {"Person": {"Type": "AWS::IAM::User", "Properties": {"Path": "/team/"}}}})


@pytest.fixture
def cloudformation(account: Account) -> "CloudFormationClient":
    return cast("CloudFormationClient", account.stack.cloud.client("cloudformation"))


def create(cloudformation: "CloudFormationClient", stack_name: str) -> str:
    """Create a stack with one user and return the user's name."""
    cloudformation.create_stack(StackName=stack_name, TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack_name, WaiterConfig={"Delay": 1})
    return cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"][0]["PhysicalResourceId"]


def delete(cloudformation: "CloudFormationClient", stack_name: str) -> str:
    """Delete a stack and return its last status."""
    stack_id = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack_name)

    def ended() -> str:
        status = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        return status if status in {"DELETE_COMPLETE", "DELETE_FAILED"} else ""

    return eventually(ended, "the end of the deletion")


def test_stack_user_is_enforced(account: Account, cloudformation: "CloudFormationClient") -> None:
    """A user that CloudFormation creates is enforced."""
    name = create(cloudformation, "people")

    account.wait_until_enforced(name)


def test_stack_deletes_its_user(account: Account, cloudformation: "CloudFormationClient") -> None:
    """A stack that could not delete its user because of the policy can do so a moment later."""
    name = create(cloudformation, "leavers")
    account.wait_until_enforced(name)

    assert delete(cloudformation, "leavers") == "DELETE_FAILED"
    eventually(lambda: not account.is_enforced(name), "the policy's giving way")

    assert delete(cloudformation, "leavers") == "DELETE_COMPLETE"
