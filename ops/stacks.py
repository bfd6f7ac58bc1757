"""The stack as it is deployed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the stack: its name in the template, its type, and its name or ARN in the account."""

    logical: str
    kind: str
    physical: str


@dataclass(frozen=True)
class Stack:
    """The stack as CloudFormation knows it."""

    name: str
    status: str
    reason: str
    created: datetime
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Sequence[Resource]

    @property
    def is_ours(self) -> bool:
        """Tell whether this is a stack of the template, and no other one whose name was given."""
        return {"EnforcementPolicy", "OpsTopic"} <= self.physical.keys()

    @property
    def stands(self) -> bool:
        """Tell whether the stack was once created whole and is not being deleted: then every part should be there."""
        return self.status == "CREATE_COMPLETE" or self.status.startswith(("UPDATE_", "IMPORT_"))

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """Return the names in the account by those in the template."""
        return {resource.logical: resource.physical for resource in self.resources}

    def part(self, logical: str) -> Resource:
        """Return the resource of a name in the template; one without a name in the account if the stack has none."""
        return next((each for each in self.resources if each.logical == logical), Resource(logical, "", ""))

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return [resource for resource in self.resources if resource.kind == kind]


class Stacks:
    """Reads a stack."""

    PERMISSIONS = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources")

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    def stack(self, name: str) -> Stack | None:
        """Return the stack, or None where there is none of that name in the Region."""
        try:
            found = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except self._client.exceptions.ClientError as error:
            # CloudFormation has no error of its own for it ("DescribeStacks": a ValidationError is returned).
            if "does not exist" in str(error):
                return None
            raise
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        return Stack(
            name=name,
            status=found["StackStatus"],
            reason=found.get("StackStatusReason", ""),
            created=found["CreationTime"],
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
            resources=[
                Resource(each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"])
                for page in pages
                for each in page["StackResourceSummaries"]
                # What is still to be created has no name yet, and what an update has taken away keeps its own.
                if "PhysicalResourceId" in each and each["ResourceStatus"] != "DELETE_COMPLETE"
            ],
        )
