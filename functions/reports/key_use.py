"""The use of a user's access keys."""

from datetime import date

from domain.enrolment.credentials import KeyUse, LastUse

_NEVER = KeyUse(None, None)


def latest_key(last_use: LastUse | None) -> KeyUse:
    """Return the latest use of any active access key; its day is None if no key was ever used."""
    keys = last_use.keys if last_use else ()
    return max(keys, key=lambda key: key.on or date.min, default=_NEVER)
