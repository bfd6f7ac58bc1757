"""Commands of the AWS CLI, quoted for a shell."""

import json
import re
import shlex

from domain.text import plain

# The AWS CLI takes these characters literally in its shorthand syntax. Commas, quotes and brackets have a meaning there
# ("Using shorthand syntax in the AWS CLI").
_LITERAL = re.compile(r"[A-Za-z0-9_.:/+@-][A-Za-z0-9 _.:/+@-]*")


def tag_command(user_name: str, key: str, value: str) -> str:
    """Return the command that tags a user."""
    return shlex.join(["aws", "iam", "tag-user", *_named(user_name), "--tags", _tag(key, value)])


def untag_command(user_name: str, key: str) -> str:
    """Return the command that removes a tag from a user."""
    return shlex.join(["aws", "iam", "untag-user", *_named(user_name), "--tag-keys", key])


def address_command(key: str) -> str:
    """Return the command that gives a user an address, in which the reader fills in the words in capitals."""
    return tag_command("NAME", key, "ADDRESS")


def _named(user_name: str) -> list[str]:
    name = plain(user_name, 128)
    # As a word of its own, a name that begins with a hyphen would be an option.
    return [f"--user-name={name}"] if name.startswith("-") else ["--user-name", name]


def _tag(key: str, value: str) -> str:
    if _LITERAL.fullmatch(key) and _LITERAL.fullmatch(value):
        return f"Key={key},Value={value}"
    return json.dumps([{"Key": key, "Value": value}])
