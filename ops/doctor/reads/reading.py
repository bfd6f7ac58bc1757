"""Reads a fact; a deleted resource and an error of AWS are facts as well."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor.facts import Deleted, Unreadable
from ops.stacks import Resource

# The error codes for a resource that does not exist; SQS has an older and a newer one.
_NOT_FOUND = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}


def read[Fact](permissions: Sequence[str], get: Callable[[], Fact]) -> Fact | Unreadable:
    """Return a fact, or the error of AWS with the one of the permissions that its call needs."""
    try:
        return get()
    except ClientError as error:
        operation = error.operation_name
        permission = next((name for name in permissions if name.endswith(f":{operation}")), operation)
        return Unreadable(permission, error.response["Error"]["Code"])
    except BotoCoreError as error:
        return Unreadable("", type(error).__name__)


def read_resource[Fact](
    permissions: Sequence[str], resource: Resource, kind: str, get: Callable[[], Fact]
) -> Fact | Deleted | Unreadable:
    """Return a fact about one resource of the stack, or why there is none."""
    if not resource.physical:
        return Deleted(resource.logical, kind)
    fact = read(permissions, get)
    if not isinstance(fact, Unreadable):
        return fact
    if fact.code in _NOT_FOUND:
        return Deleted(resource.logical, kind)
    return replace(fact, resource=f"{kind} {resource.logical}")
