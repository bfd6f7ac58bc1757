"""The languages people are written to in."""

import re
from enum import StrEnum

from domain.users import User


class Language(StrEnum):
    """A language that there are mails in; its value is the one that a `language` tag holds."""

    ENGLISH = "en"
    JAPANESE = "ja"


def language_of(user: User, default: Language) -> Language:
    """Return the language that a user's `language` tag asks for, such as `ja-JP`, `ja_JP` or `EN`; else the default."""
    primary = re.split(r"[^a-z]", user.tag("language").casefold(), maxsplit=1)[0]
    return next((language for language in Language if language == primary), default)
