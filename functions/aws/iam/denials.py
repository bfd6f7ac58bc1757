"""What AWS answers to a call that a role does not allow."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


def is_denied(error: "ClientError") -> bool:
    """Tell whether the caller lacks a permission; IAM says AccessDenied ("Common errors", IAM API Reference)."""
    return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
