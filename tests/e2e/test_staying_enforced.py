"""Users stay enforced: lost and undone attachments come back, and the stack leaves cleanly."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from local.account import Account, eventually
from tests.e2e.conftest import DeployAnother

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


@contextmanager
def events_lost(account: Account, rule: str) -> Iterator[None]:
    """Lose the events of a rule while the block runs."""
    events, name = account.stack.cloud.client("events"), account.stack.resources[rule]
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


def test_lost_event(account: Account) -> None:
    """The sweep enforces a user whose event was lost."""
    with events_lost(account, "NewUserRule"):
        missed = account.create_user()
    account.wait_until_enforced(account.create_user())
    assert not account.is_enforced(missed)

    summary = account.invoke("ReconcileFunctionName", {})

    assert account.is_enforced(missed)
    assert summary["attached"] >= 1
    assert summary["missing"] == {}


def test_detached_policy_comes_back(account: Account) -> None:
    """A detached policy is attached again."""
    name = account.create_user()
    account.wait_until_enforced(name)

    account.iam.detach_user_policy(UserName=name, PolicyArn=account.policy_arn)

    account.wait_until_enforced(name)


def test_exemption_comes_and_goes(account: Account) -> None:
    """A user is released when exempted, and enforced when the exemption ends."""
    name = account.create_user()
    account.wait_until_enforced(name)

    account.iam.tag_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": "CI robot"}])
    eventually(lambda: not account.is_enforced(name), f"the release of {name}")

    account.iam.untag_user(UserName=name, TagKeys=["mfa-exempt"])
    account.wait_until_enforced(name)


def test_second_deletion_succeeds(account: Account) -> None:
    """The second try to delete a user succeeds, as Terraform makes it: it attached nothing itself."""
    name = account.create_user()
    account.wait_until_enforced(name)
    with pytest.raises(account.iam.exceptions.DeleteConflictException):
        account.iam.delete_user(UserName=name)

    eventually(lambda: not account.is_enforced(name), f"the release of {name}")

    account.iam.delete_user(UserName=name)


def test_cloudformation_deletes_user(account: Account) -> None:
    """CloudFormation deletes its own user at the second try."""
    cloudformation = account.stack.cloud.client("cloudformation")
    template = json.dumps({"Resources": {"Person": {"Type": "AWS::IAM::User"}}})
    cloudformation.create_stack(StackName="person", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="person", WaiterConfig={"Delay": 1})
    [person] = cloudformation.describe_stack_resources(StackName="person")["StackResources"]
    name = person["PhysicalResourceId"]
    account.wait_until_enforced(name)

    cloudformation.delete_stack(StackName="person")
    eventually(lambda: status_of(account, "person") == "DELETE_FAILED", "the conflict")
    eventually(lambda: not account.is_enforced(name), f"the release of {name}")
    cloudformation.delete_stack(StackName="person")

    eventually(lambda: status_of(account, "person") in {"", "DELETE_COMPLETE"}, "the deletion of the stack")
    assert name not in {user["UserName"] for user in account.iam.list_users()["Users"]}


def test_sweep_requests_release(account: Account) -> None:
    """The sweep requests the release of an exempt user."""
    name = account.create_user()
    account.wait_until_enforced(name)
    with events_lost(account, "ChangedUserRule"):
        account.iam.tag_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": "CI robot"}])

    account.invoke("ReconcileFunctionName", {})

    eventually(lambda: not account.is_enforced(name), f"the release of {name}")


def test_removed_member_is_enforced(account: Account) -> None:
    """A user who is removed from the group is enforced again."""
    name, group = account.create_user(), account.stack.outputs["GroupName"]
    account.wait_until_enforced(name)
    account.iam.add_user_to_group(UserName=name, GroupName=group)
    account.iam.detach_user_policy(UserName=name, PolicyArn=account.policy_arn)

    account.iam.remove_user_from_group(UserName=name, GroupName=group)

    account.wait_until_enforced(name)


def test_notice_of_policy_change(account: Account) -> None:
    """Ops get a notice with the caller who changed the policy."""
    inbox = inbox_of(account)
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    deployed = account.iam.get_policy(PolicyArn=account.policy_arn)["Policy"]["DefaultVersionId"]

    version = account.iam.create_policy_version(PolicyArn=account.policy_arn, PolicyDocument=document)["PolicyVersion"]

    notice = eventually(lambda: take(account, inbox, "policy-changed"), "the notice")
    account.iam.delete_policy_version(PolicyArn=account.policy_arn, VersionId=version["VersionId"])
    assert "CreatePolicyVersion" in notice["Message"]
    assert f"--version-id {deployed}" in " ".join(notice["Message"].split())


def test_continued_runs(deploy_another: DeployAnother) -> None:
    """Fifty users are swept and released in several runs, because each run has time for only a few."""
    with deploy_another() as account:
        with events_lost(account, "NewUserRule"):
            names = [account.create_user() for _ in range(50)]
        give_seconds(account, "ReconcileFunctionName", 30 + 4)
        give_seconds(account, "ReleaseFunctionName", 15 + 4)

        first = account.invoke("ReconcileFunctionName", {})

        assert first["left"] > 0
        for name in names:
            account.wait_until_enforced(name)
        for name in names[:5]:
            account.iam.add_user_to_group(UserName=name, GroupName=account.stack.outputs["GroupName"])

        account.stack.delete_without_sam()

        assert {name for name in names if is_covered(account.iam, name)} == set()
        assert status_of(account, account.stack.name) in {"", "DELETE_COMPLETE"}


def give_seconds(account: Account, output: str, seconds: int) -> None:
    """Set the timeout of a function."""
    name = account.stack.outputs[output]
    account.functions.update_function_configuration(FunctionName=name, Timeout=seconds)


def inbox_of(account: Account) -> str:
    """Subscribe a queue to the ops topic; return its URL."""
    url = account.sqs.create_queue(QueueName="ops-inbox")["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = account.stack.outputs["OpsTopicArn"]
    let_topic_send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_topic_send]})
    account.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    account.stack.cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def take(account: Account, inbox: str, kind: str) -> Any:  # noqa: ANN401  # a notification is JSON
    """Return a notice of this kind, if there is one yet."""
    for message in account.sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10).get("Messages", []):
        account.sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
        notification = json.loads(message["Body"])
        if notification["MessageAttributes"]["kind"]["Value"] == kind:
            return notification
    return None


def is_covered(iam: "IAMClient", name: str) -> bool:
    """Return whether anything is attached to the user, or the user is in any group."""
    return bool(
        iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        or iam.list_groups_for_user(UserName=name)["Groups"]
    )


def status_of(account: Account, stack: str) -> str:
    """Return the status of a stack, an empty text if there is none."""
    described = account.stack.cloud.client("cloudformation").describe_stacks()["Stacks"]
    return next((str(each["StackStatus"]) for each in described if each["StackName"] == stack), "")
