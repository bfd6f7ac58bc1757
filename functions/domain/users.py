"""Who an IAM user is, as far as enforcement is concerned."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user.

    `user_id` (AIDA…) survives a rename and is never used again for another user; `name` and `path` do change.
    """

    name: str
    user_id: str
    path: str
    tags: Mapping[str, str]
