"""The languages of the mails."""

import re
from enum import StrEnum

from domain.users import User


class Language(StrEnum):
    """A language that mails exist in; its value is that of a `language` tag."""

    ENGLISH = "en"
    JAPANESE = "ja"


def language_of(user: User, default: Language) -> Language:
    """Return the language of the user's `language` tag, such as `ja-JP`, `ja_JP` or `EN`; else the default."""
    primary = re.split(r"[^a-z]", user.tag("language").casefold(), maxsplit=1)[0]
    return next((language for language in Language if language == primary), default)
