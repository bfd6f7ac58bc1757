"""The template, built and deployed into the local cloud with the same commands that ops use."""

import fcntl
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    with _build_folder(fcntl.LOCK_EX):
        _sam(cloud, "build", "--config-env", "local")


def deploy(cloud: Cloud, name: str = NAME, **parameters: str) -> "Stack":
    """Deploy the build, with these parameters in addition to samconfig's; raises ProgramFailed."""
    # If a name occurs twice, the last value counts.
    chosen = [*_configured(), *(f"{key}={value}" for key, value in parameters.items())]
    with _build_folder(fcntl.LOCK_SH):
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
        stack = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the deployment by name."""
        stack = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", ())}

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """Return the physical name of each resource by its name in the template."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        summaries = (resource for page in pages for resource in page["StackResourceSummaries"])
        return {resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in summaries}

    def invoke(self, function: str, event: str) -> None:
        """Invoke a function of the template with a sample event, both by name, as ops do; raises ProgramFailed."""
        event_file = str(ROOT / "events" / f"{event}.json")
        _sam(self.cloud, "remote", "invoke", function, "--stack-name", self.name, "--event-file", event_file)

    def delete(self) -> None:
        """Delete the stack with `sam delete`; raises ProgramFailed."""
        _sam(self.cloud, "delete", "--no-prompts", "--stack-name", self.name, "--region", "us-east-1")

    def delete_without_sam(self) -> None:
        """Delete the stack with the call that `sam delete` makes, but poll every second: sam polls every 30 seconds.

        Raises WaiterError unless the stack is deleted within two minutes.
        """
        self._cloudformation.delete_stack(StackName=self.name)
        waiter = self._cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    @property
    def _cloudformation(self) -> "CloudFormationClient":
        return cast("CloudFormationClient", self.cloud.client("cloudformation"))


@contextmanager
def _build_folder(lock: int) -> Iterator[None]:
    """Lock the build folder against other local clouds while this one builds or deploys."""
    folder = ROOT / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / "build.lock").open("w") as file:
        fcntl.flock(file, lock)
        yield


def _configured() -> list[str]:
    """Return samconfig's parameters for local clouds: an option replaces them instead of adding to them."""
    configuration = tomllib.loads((ROOT / "samconfig.toml").read_text())
    chosen: list[str] = configuration["local"]["deploy"]["parameters"]["parameter_overrides"]
    return chosen


def _sam(cloud: Cloud, command: str, *options: str) -> None:
    log = cloud.folder / f"sam-{command}.log"
    run(["sam", command, *options], cloud.environment(), log, timeout=600)
