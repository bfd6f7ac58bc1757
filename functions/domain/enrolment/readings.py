"""The facts that one run reads from the account, before they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from domain.enrolment.credentials import CredentialReport, Credentials
from domain.enrolment.devices import Devices
from domain.enrolment.record import PersonRecord
from domain.users import AccountUser, User


@dataclass(frozen=True, slots=True)
class EnrolmentFacts:
    """The facts of one run. `devices` and `passwords` (of users too new for the report) are by user id.

    If the group does not carry the policy (`group_enforces` is False), membership enforces nobody.
    """

    users: Sequence[AccountUser]
    report: CredentialReport | None
    devices: Mapping[str, Devices]
    records: Mapping[str, PersonRecord]
    last_run: date | None
    passwords: Mapping[str, bool] = field(default_factory=dict)
    group_enforces: bool = True

    def credentials_of(self, user: User) -> Credentials | None:
        """Return the user's row of the report; the row of an earlier user with the same name does not count."""
        row = self.report.rows.get(user.name) if self.report else None
        # The report gives whole seconds. A name that is used again differs by far more than one.
        same = row is not None and abs(row.created - user.created) <= timedelta(seconds=1)
        return row if same else None

    def record_of(self, user: User) -> PersonRecord:
        """Return what is remembered of the user, under the present name."""
        record = self.records.get(user.user_id)
        return PersonRecord(user.user_id, user.name) if record is None else record

    def with_devices(self, devices: Mapping[str, Devices | None]) -> "EnrolmentFacts":
        """Return the facts corrected by devices that were looked up one by one."""
        return replace(self, devices={**self.devices, **{key: kinds for key, kinds in devices.items() if kinds}})
