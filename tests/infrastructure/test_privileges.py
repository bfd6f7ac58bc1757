"""Least privilege: a role allows exactly what the adapters of its function declare."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com", MailTemplatesBucket="example-mails/mfa", EnrolmentWindowDays="14")
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE.resources.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
POLICY = "${EnforcementPolicy}"
# The group under any path: its name is unique in the account.
GROUP = [f"arn:aws:iam::111122223333:group/{path}${{EnforcementGroup}}" for path in ("", "*/")]

# The calls of Lambda itself with a function's role ("Lambda execution role", "Using Lambda with Amazon SQS").
TO_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TO_POLL = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

# IAM supports no resource for these ("Actions, resources, and condition keys for AWS services").
WITHOUT_RESOURCE = {
    "iam:GenerateCredentialReport",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetAccountSummary",
    "iam:GetCredentialReport",
    "iam:ListAccountAliases",
    "iam:ListVirtualMFADevices",
    "ses:GetAccount",
}
READS = ("Get", "List", "Generate")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_role_equals_permissions(name: str) -> None:
    """A role allows exactly the calls that its function's adapters declare."""
    function = FUNCTIONS[name]
    polls = any(event["Type"] == "SQS" for event in function.get("Events", {}).values())

    allowed = {action for statement in statements(name) for action in actions(statement)}

    assert allowed == declared(package_of(name)) | TO_LOG | (TO_POLL if polls else set())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_narrow_resources(name: str) -> None:
    """A statement for all resources has only actions that need them."""
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert "Sid" in statement, "a statement must have a name"
        assert {"NotAction", "NotResource"}.isdisjoint(statement)
        assert not any("*" in action for action in actions(statement)), statement["Sid"]
        if statement["Resource"] == "*":
            assert set(actions(statement)) <= WITHOUT_RESOURCE, statement["Sid"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_role_is_lambdas(name: str) -> None:
    """Only Lambda may assume a function's role."""
    trust = role(name)["AssumeRolePolicyDocument"]["Statement"]

    assert [(s["Effect"], s["Principal"], s["Action"]) for s in trust] == [
        ("Allow", {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
    ]
    assert "ManagedPolicyArns" not in role(name)


def test_one_role_per_function() -> None:
    """No two functions share a role."""
    roles = [function["Role"] for function in FUNCTIONS.values()]

    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize(
    ("action", "functions"),
    [
        ("iam:AttachUserPolicy", {"enforce", "reconcile"}),
        ("iam:AddUserToGroup", {"enforce", "reconcile"}),
        ("iam:AttachGroupPolicy", {"reconcile"}),
        ("iam:DetachUserPolicy", {"release"}),
        ("iam:RemoveUserFromGroup", {"release"}),
        ("iam:DetachGroupPolicy", {"release"}),
        ("iam:DetachRolePolicy", {"release"}),
        ("iam:TagUser", {"enforce"}),
        ("iam:UntagUser", {"release"}),
    ],
)
def test_who_may_attach_and_detach(action: str, functions: set[str]) -> None:
    """Only these functions may change how the policy reaches a user, or set or remove a tag."""
    assert {package_of(name) for name, statement in every_statement() if action in actions(statement)} == functions


def test_only_our_policy() -> None:
    """Functions may attach and detach only our policy."""
    for _, statement in every_statement():
        if {"iam:AttachUserPolicy", "iam:DetachUserPolicy"} & set(actions(statement)):
            assert statement["Resource"] == "arn:aws:iam::111122223333:user/*"
        if any(re.fullmatch("iam:(Attach|Detach).*Policy", action) for action in actions(statement)):
            assert statement["Condition"] == {"ArnEquals": {"iam:PolicyARN": POLICY}}


def test_only_our_group() -> None:
    """Functions may change only our group."""
    for _, statement in every_statement():
        if {"iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:AttachGroupPolicy"} & set(actions(statement)):
            assert statement["Resource"] == GROUP


def test_only_our_tag() -> None:
    """Functions may set and remove only the tag that closes a user, and tag nobody if windows have no end."""
    for _, statement in every_statement():
        if {"iam:TagUser", "iam:UntagUser"} & set(actions(statement)):
            assert statement["Resource"] == "arn:aws:iam::111122223333:user/*"
            assert statement["Condition"] == {
                "ForAllValues:StringEquals": {"aws:TagKeys": ["mfa-closed"]},
                "Null": {"aws:TagKeys": "false"},
            }

    without_end = Template().resources["EnforceRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert "iam:TagUser" not in {action for statement in without_end for action in actions(statement)}


def test_no_other_iam_writes() -> None:
    """No function may make other write calls to IAM."""
    writes = {
        action
        for _, statement in every_statement()
        for action in actions(statement)
        if action.startswith("iam:") and not action.removeprefix("iam:").startswith(READS)
    }

    assert writes <= {
        "iam:AttachUserPolicy",
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:DetachUserPolicy",
        "iam:RemoveUserFromGroup",
        "iam:DetachGroupPolicy",  # on stack deletion, from other groups with our policy
        "iam:DetachRolePolicy",
        "iam:TagUser",
        "iam:UntagUser",
    }


SCHEDULES = {
    name: resource["Properties"]["Target"]
    for name, resource in TEMPLATE.transformed.items()
    if resource["Type"] == "AWS::Scheduler::Schedule"
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_role(name: str) -> None:
    """A schedule may only invoke its function and keep failed invocations."""
    target = SCHEDULES[name]
    allowed = [
        (statement["Effect"], statement["Action"], statement["Resource"])
        for policy in schedule_role(name)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    assert allowed == [
        ("Allow", "lambda:InvokeFunction", target["Arn"]),
        ("Allow", "sqs:SendMessage", target["DeadLetterConfig"]["Arn"]),
    ]
    assert "ManagedPolicyArns" not in schedule_role(name)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedule_role_trust(name: str) -> None:
    """The Scheduler may assume a role only for schedules of this account ("Confused deputy prevention", User Guide)."""
    assert schedule_role(name)["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        }
    ]


def test_one_role_per_schedule() -> None:
    """Each schedule has its own role: one that SAM adds is untested and names no account."""
    roles = [target["RoleArn"] for target in SCHEDULES.values()]
    added = TEMPLATE.transformed.keys() - TEMPLATE.resources.keys()

    assert len(SCHEDULES) == len(set(roles)) == 2
    assert not [name for name in added if TEMPLATE.transformed[name]["Type"] == "AWS::IAM::Role"]


def schedule_role(name: str) -> dict[str, Any]:
    """Return the properties of a schedule's role."""
    logical_name = SCHEDULES[name]["RoleArn"].removeprefix("${").removesuffix(".Arn}")
    properties: dict[str, Any] = TEMPLATE.transformed[logical_name]["Properties"]
    return properties


def package_of(name: str) -> str:
    """Return the folder that a function's handler is in."""
    handler: str = FUNCTIONS[name]["Handler"]
    return handler.partition(".")[0]


def declared(package_name: str) -> set[str]:
    """Return the permissions of every adapter that a module of the package imports."""
    package = import_module(package_name)
    modules = [import_module(f"{package_name}.{module.name}") for module in pkgutil.iter_modules(package.__path__)]
    adapters = {value for module in modules for value in vars(module).values() if hasattr(value, "PERMISSIONS")}
    return {permission for adapter in adapters for permission in adapter.PERMISSIONS}


def role(name: str) -> dict[str, Any]:
    """Return the properties of a function's role."""
    logical_name = FUNCTIONS[name]["Role"].removeprefix("${").removesuffix(".Arn}")
    properties: dict[str, Any] = TEMPLATE.resources[logical_name]["Properties"]
    return properties


def statements(name: str) -> list[dict[str, Any]]:
    """Return everything that a function's role allows, including separate policy resources."""
    attached = [
        resource["Properties"]
        for resource in TEMPLATE.resources.values()
        if resource["Type"] == "AWS::IAM::Policy" and role_name(name) in resource["Properties"]["Roles"]
    ]
    policies = [*role(name)["Policies"], *attached]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def role_name(name: str) -> str:
    """Return the reference to a function's role."""
    reference: str = FUNCTIONS[name]["Role"]
    return reference.replace(".Arn}", "}")


def every_statement() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the function and the statement, for all functions."""
    for name in FUNCTIONS:
        for statement in statements(name):
            yield name, statement


def actions(statement: dict[str, Any]) -> list[str]:
    """Return a statement's actions as a list."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions
