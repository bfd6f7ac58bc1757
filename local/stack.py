"""The template, built and deployed into the local cloud with the very commands that ops use."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from local.cloud import ROOT, Cloud
from local.processes import run

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

NAME = "mfa-enforcer"


def build(cloud: Cloud) -> None:
    """Build the functions; raises ProgramFailed."""
    _sam(cloud, "build", "--config-env", "local")


def deploy(cloud: Cloud, name: str = NAME, **parameters: str) -> "Stack":
    """Deploy what was built, with these parameters besides samconfig's; raises ProgramFailed."""
    # The last one of a name counts.
    chosen = [*_configured(), *(f"{key}={value}" for key, value in parameters.items())]
    _sam(cloud, "deploy", "--config-env", "local", "--stack-name", name, "--parameter-overrides", *chosen)
    return Stack(cloud, name)


@dataclass(frozen=True)
class Stack:
    """The deployed stack."""

    cloud: Cloud
    name: str

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """Return its outputs by name."""
        found = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Return what it was deployed with, by name."""
        found = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in found.get("Parameters", ())}

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """Return the physical name of each resource by its name in the template."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = (resource for page in pages for resource in page["StackResourceSummaries"])
        return {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in found}

    def invoke(self, function: str, event: str) -> None:
        """Call a function of the template with a sample event, both by name, as ops do; raises ProgramFailed."""
        event_file = str(ROOT / "events" / f"{event}.json")
        _sam(self.cloud, "remote", "invoke", function, "--stack-name", self.name, "--event-file", event_file)

    def delete(self) -> None:
        """Delete the stack with `sam delete`; raises ProgramFailed."""
        _sam(self.cloud, "delete", "--no-prompts", "--stack-name", self.name, "--region", "us-east-1")

    @property
    def _cloudformation(self) -> "CloudFormationClient":
        return cast("CloudFormationClient", self.cloud.client("cloudformation"))


def _configured() -> list[str]:
    """Return the parameters for local clouds: an option replaces those of samconfig, and does not add to them."""
    configuration = tomllib.loads((ROOT / "samconfig.toml").read_text())
    chosen: list[str] = configuration["local"]["deploy"]["parameters"]["parameter_overrides"]
    return chosen


def _sam(cloud: Cloud, command: str, *options: str) -> None:
    log = cloud.folder / f"sam-{command}.log"
    run(["sam", command, *options], cloud.environment(), log, timeout=600)
