"""The languages people are written to in."""

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """A language that there are mails in; its value is the one that a `language` tag holds."""

    ENGLISH = "en"
    JAPANESE = "ja"


def language_of(tags: Mapping[str, str], default: Language) -> Language:
    """Return the language that a user's `language` tag asks for, the default where there is none of that name.

    A tag such as `ja-JP` or `EN` is understood; IAM does not tell tag keys apart by case ("Tags for IAM resources").
    """
    wanted = next((value for key, value in tags.items() if key.casefold() == "language"), "")
    primary = wanted.strip().casefold().partition("-")[0]
    return next((language for language in Language if language == primary), default)
