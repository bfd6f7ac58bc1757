"""CloudFormation resources that MiniStack lacks, or deletes where AWS would refuse."""

from collections.abc import Mapping
from typing import Any

from ministack.services import iam  # type: ignore[import-untyped]  # ships no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

type Properties = Mapping[str, Any]


def add_to_cloudformation() -> None:
    """Let MiniStack's CloudFormation create groups, and refuse to delete what is in use, as IAM does."""
    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001  # there is no public registry
    delete_policy = handlers["AWS::IAM::ManagedPolicy"]["delete"]

    def delete_unattached_policy(arn: str, properties: Properties) -> None:
        holders = [iam._users, iam._groups, iam._roles]  # noqa: SLF001
        if any(arn in entity.get("AttachedPolicies", ()) for held in holders for entity in held.values()):
            message = f"Cannot delete a policy attached to entities: {arn}"
            raise ValueError(message)
        delete_policy(arn, properties)

    handlers["AWS::IAM::ManagedPolicy"]["delete"] = delete_unattached_policy
    handlers["AWS::IAM::Group"] = {"create": _create_group, "delete": _delete_group}


def _create_group(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    name = properties.get("GroupName") or provisioners._physical_name(stack_name, logical_id)  # noqa: SLF001
    _call("create_group", GroupName=name, Path=properties.get("Path", "/"))
    for arn in properties.get("ManagedPolicyArns", ()):
        _call("attach_group_policy", GroupName=name, PolicyArn=arn)
    return name, {"Arn": iam._groups[name]["Arn"]}  # noqa: SLF001


def _delete_group(name: str, properties: Properties) -> None:
    if iam._groups[name]["Users"]:  # noqa: SLF001
        message = f"Cannot delete entity, must remove users from group first: {name}"
        raise ValueError(message)
    for arn in properties.get("ManagedPolicyArns", ()):
        _call("detach_group_policy", GroupName=name, PolicyArn=arn)
    _call("delete_group", GroupName=name)


def _call(operation: str, **parameters: str) -> None:
    """Call IAM from inside the process, where no permissions are checked: as CloudFormation, which has them."""
    status, _, answer = getattr(iam, f"_{operation}")(parameters)
    if status >= 300:
        raise ValueError(answer.decode())
