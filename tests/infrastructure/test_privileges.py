"""Least privilege: what a function may do is what the adapters of its room say they call, and nothing else."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from tests.template import Template

TEMPLATE = Template(AlertEmail="ops@example.com")
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in TEMPLATE.resources.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
POLICY = "${EnforcementPolicy}"
# The group under whatever path: its name is unique in the account.
GROUP = [f"arn:aws:iam::111122223333:group/{path}${{EnforcementGroup}}" for path in ("", "*/")]

# What Lambda itself does in a function's name ("Lambda execution role", "Using Lambda with Amazon SQS").
TO_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TO_POLL = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

# IAM takes no resource for these ("Actions, resources, and condition keys for AWS services").
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
def test_a_role_grants_exactly_what_its_function_calls(name: str) -> None:
    function = FUNCTIONS[name]
    polls = any(event["Type"] == "SQS" for event in function.get("Events", {}).values())

    exemption_granted = {action for statement in statements(name) for action in actions(statement)}

    assert exemption_granted == declared(room(name)) | TO_LOG | (TO_POLL if polls else set())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_statement_reaches_further_than_it_must(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert "Sid" in statement, "a statement says what it is for"
        assert {"NotAction", "NotResource"}.isdisjoint(statement)
        assert not any("*" in action for action in actions(statement)), statement["Sid"]
        if statement["Resource"] == "*":
            assert set(actions(statement)) <= WITHOUT_RESOURCE, statement["Sid"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_is_lambdas_alone(name: str) -> None:
    trust = role(name)["AssumeRolePolicyDocument"]["Statement"]

    assert [(s["Effect"], s["Principal"], s["Action"]) for s in trust] == [
        ("Allow", {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
    ]
    assert "ManagedPolicyArns" not in role(name)


def test_no_two_functions_share_a_role() -> None:
    roles = [function["Role"] for function in FUNCTIONS.values()]

    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize(
    ("action", "rooms"),
    [
        ("iam:AttachUserPolicy", {"enforce", "reconcile"}),
        ("iam:AddUserToGroup", {"enforce", "reconcile"}),
        ("iam:AttachGroupPolicy", {"reconcile"}),
        ("iam:DetachUserPolicy", {"release"}),
        ("iam:RemoveUserFromGroup", {"release"}),
        ("iam:DetachGroupPolicy", {"release"}),
        ("iam:DetachRolePolicy", {"release"}),
    ],
)
def test_only_these_rooms_may_change_what_holds_a_user(action: str, rooms: set[str]) -> None:
    assert {room(name) for name, statement in every_statement() if action in actions(statement)} == rooms


def test_a_policy_is_attached_and_detached_on_condition_that_it_is_ours() -> None:
    for _, statement in every_statement():
        if {"iam:AttachUserPolicy", "iam:DetachUserPolicy"} & set(actions(statement)):
            assert statement["Resource"] == "arn:aws:iam::111122223333:user/*"
        if any(re.fullmatch("iam:(Attach|Detach).*Policy", action) for action in actions(statement)):
            assert statement["Condition"] == {"ArnEquals": {"iam:PolicyARN": POLICY}}


def test_users_enter_and_leave_no_group_but_ours_and_no_other_gets_the_policy() -> None:
    for _, statement in every_statement():
        if {"iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:AttachGroupPolicy"} & set(actions(statement)):
            assert statement["Resource"] == GROUP


def test_no_function_writes_to_iam_beyond_that() -> None:
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
        "iam:DetachGroupPolicy",  # on stack deletion, from whatever else has our policy
        "iam:DetachRolePolicy",
    }


SCHEDULES = {
    name: found["Properties"]["Target"]
    for name, found in TEMPLATE.transformed.items()
    if found["Type"] == "AWS::Scheduler::Schedule"
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_may_start_its_function_keep_what_failed_and_nothing_else(name: str) -> None:
    target = SCHEDULES[name]
    exemption_granted = [
        (statement["Effect"], statement["Action"], statement["Resource"])
        for policy in schedule_role(name)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    assert exemption_granted == [
        ("Allow", "lambda:InvokeFunction", target["Arn"]),
        ("Allow", "sqs:SendMessage", target["DeadLetterConfig"]["Arn"]),
    ]
    assert "ManagedPolicyArns" not in schedule_role(name)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_scheduler_assumes_a_role_for_schedules_of_this_account_alone(name: str) -> None:
    """ "Confused deputy prevention" in the EventBridge Scheduler User Guide."""
    assert schedule_role(name)["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        }
    ]


def test_each_schedule_has_a_role_of_its_own_and_sam_adds_none() -> None:
    """A role that SAM adds is in no test, and names no account."""
    roles = [target["RoleArn"] for target in SCHEDULES.values()]
    added = TEMPLATE.transformed.keys() - TEMPLATE.resources.keys()

    assert len(SCHEDULES) == len(set(roles)) == 2
    assert not [name for name in added if TEMPLATE.transformed[name]["Type"] == "AWS::IAM::Role"]


def schedule_role(name: str) -> dict[str, Any]:
    """Return the properties of a schedule's role."""
    logical_name = SCHEDULES[name]["RoleArn"].removeprefix("${").removesuffix(".Arn}")
    properties: dict[str, Any] = TEMPLATE.transformed[logical_name]["Properties"]
    return properties


def room(name: str) -> str:
    """Return the folder that a function's handler is in."""
    handler: str = FUNCTIONS[name]["Handler"]
    return handler.partition(".")[0]


def declared(room: str) -> set[str]:
    """Return the permissions of every adapter that a module of the room imports."""
    package = import_module(room)
    modules = [import_module(f"{room}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    adapters = {value for module in modules for value in vars(module).values() if hasattr(value, "PERMISSIONS")}
    return {permission for adapter in adapters for permission in adapter.PERMISSIONS}


def role(name: str) -> dict[str, Any]:
    """Return the properties of a function's role."""
    logical_name = FUNCTIONS[name]["Role"].removeprefix("${").removesuffix(".Arn}")
    properties: dict[str, Any] = TEMPLATE.resources[logical_name]["Properties"]
    return properties


def statements(name: str) -> list[dict[str, Any]]:
    """Return everything that a function's role grants, by policies of its own resource too."""
    attached = [
        found["Properties"]
        for found in TEMPLATE.resources.values()
        if found["Type"] == "AWS::IAM::Policy" and role_name(name) in found["Properties"]["Roles"]
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
    found = statement["Action"]
    return [found] if isinstance(found, str) else found
