"""Exemptions: what exempts a user, why, and until when."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.users import User

# The last day precedes the reason, as YYYY-MM-DD. A day of this century may omit the hyphens if it stands alone.
_LAST_DAY = re.compile(
    r"(?:until[\W_]*)?(?P<day>\d{4}-\d\d-\d\d|20\d{6}\Z)(?:\s*まで|(?![^\W_]))[\s.:;,/=_-]*(?P<reason>.*)",
    re.IGNORECASE | re.DOTALL,
)

# Any other text that is meant as a day is recognized by its shape, a letter for each number and word: D two digits, S
# one; y, m and j a number with 年, 月 or 日; Y a year of this century; M the name of a month; C eight digits that start
# like a day of this century; u "until"; w another word, N another number.
_PART = "[DSymj]"
_MEANT_FOR_A_DAY = re.compile(
    rf"Y(?:{_PART}|M){_PART}|{_PART}(?:{_PART}|M)Y|M{_PART}Y|m{_PART}"  # a whole day, at any position
    rf"|^u?(?:C|{_PART}?m|{_PART}(?:Y|M|wY|{_PART}D)|[YM]{_PART}|MY)"  # its start: 12/31/26, 11/2026, 30 Nov, 12月
    rf"|u(?:M|{_PART}{_PART}|.*Y)"  # not a full day: until May, until 31.12., until the end of 2026
    r"|[Yymj].*まで"  # the same in Japanese: 5月まで
)
_KANJI = "〇一二三四五六七八九十元"
_TOKEN = re.compile(
    # Four numbers with dots are an IP address.
    r"(?P<address>\d{1,3}(?:\.\d{1,3}){3})"
    rf"|(?P<number>\d+|[{_KANJI}]+(?=\s*[年月日]))(?:\s*(?P<unit>[年月日]))?"
    rf"|(?P<word>まで|[^\W\d_{_KANJI}]+?(?=まで)|[^\W\d_{_KANJI}]+|[{_KANJI}])"
)
_UNITS = {"年": "y", "月": "m", "日": "j"}
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
# Ignored within a day. A Japanese keyboard types ー for a hyphen.
_FILLERS = {"st", "nd", "rd", "th", "of", "the", "end", "ー", "令和", "r"}


class ExemptBy(StrEnum):
    """What exempts a user."""

    TAG = "tag"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a user is exempt; `until` is the last day (UTC), None if no end was given."""

    by: ExemptBy
    reason: str
    until: date | None = None

    @property
    def summary(self) -> str:
        """Return the exemption as one line; two exemptions with equal summaries count as the same."""
        return f"{self.by} {self.reason} {self.until or ''}".strip()

    def __str__(self) -> str:
        """Return the value of a tag with this exemption, so that ops can copy it from a report."""
        end = f"until {self.until}"
        return self.reason if self.until is None or self.reason == end else f"{end}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ExemptionRules:
    """Ops' rules: a tag key (empty: no exemption by tag) and path prefixes such as `/service/`."""

    tag_key: str
    paths: tuple[str, ...]

    def exemption_of(self, user: User, today: date) -> Exemption | None:
        """Return the exemption that applies today, or None.

        The tag takes precedence because it says more. If it has ended, a path may still exempt.
        """
        return self._by_tag(user, today) or self._by_path(user)

    def _by_tag(self, user: User, today: date) -> Exemption | None:
        exemption = self.tagged(user)
        if exemption is None or (exemption.until is not None and exemption.until < today):
            return None
        return exemption

    def _by_path(self, user: User) -> Exemption | None:
        prefix = next((prefix for prefix in self.paths if user.path.startswith(prefix)), None)
        return None if prefix is None else Exemption(ExemptBy.PATH, f"path {prefix}")

    def tagged(self, user: User) -> Exemption | None:
        """Return the exemption in the user's tag, even if it has ended."""
        value = self._value(user)
        return _exemption_in(value) if value else None

    def malformed(self, user: User) -> str | None:
        """Return the user's tag if it has a day in another form or no valid one, such as 31.12.2026 or 2026-11-31.

        If it counted as a reason, the exemption would have no end.
        """
        value = self._value(user)
        return value if value and _exemption_in(value) is None else None

    def _value(self, user: User) -> str:
        return user.tag(self.tag_key) if self.tag_key else ""


def _exemption_in(value: str) -> Exemption | None:
    """Read the value of a tag: a last day, a reason, or the day and then the reason; None for anything else."""
    text = _with_plain_digits(unicodedata.normalize("NFKC", value)).strip()
    if match := _LAST_DAY.match(text):
        try:
            day = date.fromisoformat(match["day"])
        except ValueError:
            return None
        return Exemption(ExemptBy.TAG, match["reason"] or f"until {day}", until=day)
    if _MEANT_FOR_A_DAY.search(_shape(text)):
        return None
    return Exemption(ExemptBy.TAG, value)


def _with_plain_digits(text: str) -> str:
    """Return the text with the digits of any script as ASCII; IAM allows all of them in a tag."""
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def _shape(text: str) -> str:
    return "".join(map(_letter, _TOKEN.finditer(text)))


def _letter(token: re.Match[str]) -> str:
    number, word = token["number"], (token["word"] or "").casefold()
    if number:
        return _letter_of_number(number, token["unit"])
    if word in _FILLERS:
        return ""
    if len(word) >= 3 and any(month.startswith(word) for month in _MONTHS):
        return "M"
    return {"until": "u", "まで": "まで", "": "N"}.get(word, "w")


def _letter_of_number(number: str, unit: str | None) -> str:
    if number.startswith("20") and len(number) in {4, 8}:
        return "Y" if len(number) == 4 else "C"
    return _UNITS[unit] if unit else {1: "S", 2: "D"}.get(len(number), "N")
