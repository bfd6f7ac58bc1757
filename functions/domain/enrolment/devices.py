"""The kinds of MFA devices."""

from collections.abc import Set as AbstractSet
from enum import StrEnum


class Device(StrEnum):
    """A kind of MFA device, as far as AWS reports it."""

    VIRTUAL = "virtual"
    PASSKEY = "passkey or security key"
    HARDWARE = "hardware token"
    UNSPECIFIED = "some device"  # the credential report shows that there is one, not its kind


Devices = AbstractSet[Device]


def kind_of(serial_number: str) -> Device:
    """Return the kind of a serial number: an ARN of type mfa or u2f, or the number printed on a token."""
    if ":mfa/" in serial_number:
        return Device.VIRTUAL
    return Device.PASSKEY if ":u2f/" in serial_number else Device.HARDWARE
