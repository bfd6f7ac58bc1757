"""Which kinds of MFA devices there are."""

from collections.abc import Set as AbstractSet
from enum import StrEnum


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
