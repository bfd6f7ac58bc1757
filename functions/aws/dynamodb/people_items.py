"""The items of the people table, and the values that they represent."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from domain.enforcement.dates import Announcement
from domain.enrolment.record import PersonRecord
from domain.enrolment.totals import RunTotals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

# Prefix of run items (user ids never contain "#"). One item per run, so concurrent runs cannot overwrite each other.
RUN = "run#"

# The attributes that a run writes. Claims write `causes`, and also `reminders`, `last_reminded` and `claimed_on`, which
# a run only resets. `enforce` writes `closed_on` when it closes a user.
WRITTEN = (
    "user_name",
    "first_seen",
    "unenrolled_since",
    "reminders",
    "last_reminded",
    "claimed_on",
    "key_only",
    "enrolled_at",
    "address_trouble",
    "address_trouble_of",
    "window_until",
    "closed_on",
    "expires",
)


def record_item(record: PersonRecord) -> "Item":
    """Return the attributes of a record that a run writes; unknown ones are left out."""
    values = {name: getattr(record, name) for name in WRITTEN}
    return {name: _typed(value) for name, value in values.items() if value is not None and value is not False}


def read_record(item: "Mapping[str, AttributeValueTypeDef]") -> PersonRecord:
    """Read a person's item; other attributes are ignored."""
    attributes = _plain(item)
    reminded = attributes.get("last_reminded")
    return PersonRecord(
        user_id=attributes["user_id"],
        user_name=attributes.get("user_name", ""),
        first_seen=_day(attributes.get("first_seen")),
        unenrolled_since=_day(attributes.get("unenrolled_since")),
        reminders=int(attributes.get("reminders", 0)),
        last_reminded=datetime.fromisoformat(reminded) if reminded else None,
        claimed_on=_day(attributes.get("claimed_on")),
        key_only=attributes.get("key_only", False),
        causes=frozenset(attributes.get("causes", ())),
        enrolled_at=_day(attributes.get("enrolled_at")),
        address_trouble=attributes.get("address_trouble"),
        address_trouble_of=attributes.get("address_trouble_of"),
        announcement=_announcement(attributes.get("announced_day"), attributes.get("announced_since")),
        window_until=_day(attributes.get("window_until")),
        closed_on=_day(attributes.get("closed_on")),
        expires=int(attributes["expires"]) if "expires" in attributes else None,
    )


def run_item(totals: RunTotals, expires: datetime) -> "Item":
    """Return the item of a run, which expires then."""
    counts: dict[str, AttributeValueTypeDef] = {name: {"N": str(count)} for name, count in totals.counts.items()}
    return {
        "user_id": {"S": f"{RUN}{totals.at.isoformat()}"},
        "at": {"S": totals.at.isoformat()},
        "totals": {"M": counts},
        "request": {"S": totals.request},
        "told": {"BOOL": totals.published},
        "expires": {"N": str(int(expires.timestamp()))},
    }


def read_run(item: "Mapping[str, AttributeValueTypeDef]") -> RunTotals:
    """Read the item of a run."""
    attributes = _plain(item)
    counts = {name: int(count) for name, count in attributes["totals"].items()}
    return RunTotals(
        at=datetime.fromisoformat(attributes["at"]),
        counts=counts,
        request=attributes.get("request", ""),
        published=attributes.get("told", True),  # release 1.0.0 wrote a run only after its digest was published
        expires=int(attributes["expires"]) if "expires" in attributes else None,
    )


def _typed(value: bool | str | int | date) -> "AttributeValueTypeDef":
    if isinstance(value, bool):  # a bool is an int, too
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value if isinstance(value, str) else value.isoformat()}


def _plain(item: "Mapping[str, AttributeValueTypeDef]") -> dict[str, Any]:
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}


def _announcement(day: str | None, since: str | None) -> Announcement | None:
    return Announcement(date.fromisoformat(day), date.fromisoformat(since)) if day and since else None


def _day(text: str | None) -> date | None:
    """Read a day, or the day of a time."""
    return datetime.fromisoformat(text).date() if text else None
