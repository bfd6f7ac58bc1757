"""AWS's answer to a call that the role does not allow."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


def is_denied(error: "ClientError") -> bool:
    """Return whether the caller lacks a permission; IAM answers AccessDenied ("Common errors", IAM API Reference)."""
    return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
