"""Reads the deployed stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the stack: its logical ID, its type, and its physical ID, which is empty if it has none."""

    logical: str
    kind: str
    physical: str


@dataclass(frozen=True)
class Stack:
    """A stack with its parameters, outputs and resources."""

    name: str
    status: str
    reason: str
    created: datetime
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Sequence[Resource]

    @property
    def is_ours(self) -> bool:
        """Return whether the stack is one of this template."""
        return {"EnforcementPolicy", "OpsTopic"} <= self.physical.keys()

    @property
    def is_created(self) -> bool:
        """Return whether every resource should exist: the stack was created completely, and is not being deleted."""
        return self.status == "CREATE_COMPLETE" or self.status.startswith(("UPDATE_", "IMPORT_"))

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """Return the physical IDs by logical ID."""
        return {resource.logical: resource.physical for resource in self.resources}

    def resource(self, logical: str) -> Resource:
        """Return the resource of a logical ID; one without a physical ID if the stack has none."""
        return next((each for each in self.resources if each.logical == logical), Resource(logical, "", ""))

    def of_type(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return [resource for resource in self.resources if resource.kind == kind]


class Stacks:
    """Reads a stack."""

    PERMISSIONS = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources")

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    def stack(self, name: str) -> Stack | None:
        """Return the stack, or None if the Region has no stack of that name."""
        try:
            stack = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except self._client.exceptions.ClientError as error:
            # CloudFormation has no error code of its own for it ("DescribeStacks": a ValidationError is returned).
            if "does not exist" in str(error):
                return None
            raise
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        return Stack(
            name=name,
            status=stack["StackStatus"],
            reason=stack.get("StackStatusReason", ""),
            created=stack["CreationTime"],
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            resources=[
                Resource(each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"])
                for page in pages
                for each in page["StackResourceSummaries"]
                # A resource that is still to be created has no physical ID; one that an update removed keeps its own.
                if "PhysicalResourceId" in each and each["ResourceStatus"] != "DELETE_COMPLETE"
            ],
        )
