"""What one run reads of the account, before anything is made of it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from domain.credential_report import CredentialReport, Credentials
from domain.people import History
from domain.users import AccountUser, User


class Device(StrEnum):
    """A kind of MFA device, as far as it is known."""

    VIRTUAL = "virtual"
    PASSKEY = "passkey or security key"
    HARDWARE = "hardware token"
    UNSPECIFIED = "some device"  # the credential report knows that there is one, not which


Devices = AbstractSet[Device]


def kind_of(serial_number: str) -> Device:
    """Tell the kind by the serial number: an ARN of type mfa or u2f, or the number printed on a token."""
    if ":mfa/" in serial_number:
        return Device.VIRTUAL
    return Device.PASSKEY if ":u2f/" in serial_number else Device.HARDWARE


@dataclass(frozen=True, slots=True)
class Facts:
    """What one run reads. `devices` and `passwords` (of users too young for the report) are by user id.

    If the group does not carry the policy (`group_enforces` is False), membership enforces nobody.
    """

    users: Sequence[AccountUser]
    report: CredentialReport | None
    devices: Mapping[str, Devices]
    histories: Mapping[str, History]
    last_run: date | None
    passwords: Mapping[str, bool] = field(default_factory=dict)
    group_enforces: bool = True

    def credentials_of(self, user: User) -> Credentials | None:
        """Return the user's row of the report; one of an earlier user of the same name does not count."""
        row = self.report.rows.get(user.name) if self.report else None
        # The report gives whole seconds, and a second of grace is still far from a name used again.
        same = row is not None and abs(row.created - user.created) <= timedelta(seconds=1)
        return row if same else None

    def history_of(self, user: User) -> History:
        """Return what is remembered of the user, under the present name."""
        known = self.histories.get(user.user_id)
        return History(user.user_id, user.name) if known is None else known

    def seeing(self, devices: Mapping[str, Devices | None]) -> "Facts":
        """Return the facts corrected by devices that were looked up one by one."""
        return replace(self, devices={**self.devices, **{key: found for key, found in devices.items() if found}})
