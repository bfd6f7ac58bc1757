"""Reads a fact; that a part is not there is a fact as well, and so is what keeps it from being read."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor.facts import Deleted, Unreadable
from ops.stacks import Resource

# What the services answer of a part that they do not know; SQS has two words for it, an older and a newer one.
_NOT_FOUND = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "NotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
}


def read[Fact](permissions: Sequence[str], get: Callable[[], Fact]) -> Fact | Unreadable:
    """Read a fact, or say what kept it from being read, and which of the permissions its call needs."""
    try:
        return get()
    except ClientError as error:
        operation = error.operation_name
        permission = next((name for name in permissions if name.endswith(f":{operation}")), operation)
        return Unreadable(permission, error.response["Error"]["Code"])
    except BotoCoreError as error:
        return Unreadable("", type(error).__name__)


def read_part[Fact](
    permissions: Sequence[str], part: Resource, kind: str, get: Callable[[], Fact]
) -> Fact | Deleted | Unreadable:
    """Read a fact about one part of the stack, which keeps no other from being read."""
    if not part.physical:
        return Deleted(part.logical, kind)
    found = read(permissions, get)
    if not isinstance(found, Unreadable):
        return found
    return Deleted(part.logical, kind) if found.code in _NOT_FOUND else replace(found, part=f"{kind} {part.logical}")
