"""Who is left alone, why, and until when."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.users import User

# Numbers of this century with what stands between those of a date, perhaps with a time behind them.
_MEANT_FOR_A_DATE = re.compile(
    r"20\d\d[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?([T ][\d:.+Z-]*)?|\d{1,2}[-/.]\d{1,2}[-/.](20)?\d\d|20\d{6}"
)


class ExemptBy(StrEnum):
    """What exempts a user."""

    TAG = "tag"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a user is left alone; `until` is the last day of it (UTC), None where no end was given."""

    by: ExemptBy
    reason: str
    until: date | None = None

    @property
    def summary(self) -> str:
        """Return all of it in one line: two exemptions with the same one are the same to ops."""
        return f"{self.by} {self.reason} {self.until or ''}".strip()


@dataclass(frozen=True, slots=True)
class ExemptionRules:
    """Ops' rules: a tag key (empty: no exemption by tag) and path prefixes such as `/service/`."""

    tag_key: str
    paths: tuple[str, ...]

    def exemption_of(self, user: User, today: date) -> Exemption | None:
        """Return the exemption that holds today, or None.

        The tag goes first: it says more. One that has ended does not hide a path that still exempts.
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
        """Return what the user's tag says, whether or not it has ended."""
        value = self._value(user)
        if not value or self.malformed(user):
            return None
        try:
            return Exemption(ExemptBy.TAG, f"until {value}", until=date.fromisoformat(value))
        except ValueError:
            return Exemption(ExemptBy.TAG, value)

    def malformed(self, user: User) -> str | None:
        """Return what the user's tag says if it is meant for a date and is none, such as 2026-11-31 or 31.12.2026.

        Taken for a reason, it would exempt without an end.
        """
        value = self._value(user)
        if not _MEANT_FOR_A_DATE.fullmatch(value):
            return None
        try:
            date.fromisoformat(value)
        except ValueError:
            return value
        return None

    def _value(self, user: User) -> str:
        return user.tag(self.tag_key) if self.tag_key else ""
