"""The users' MFA devices and passwords: in bulk if IAM allows it, else one user at a time."""

from typing import TYPE_CHECKING

from domain.enrolment.devices import Device, Devices, kind_of

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class VirtualMfaDevices:
    """Reads which users have a virtual device, in bulk."""

    PERMISSIONS = ("iam:ListVirtualMFADevices",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def owners(self) -> dict[str, Devices]:
        """Return the ids of the users who have a virtual device: a page has a thousand of them.

        Passkeys, security keys and hardware tokens are in no such list ("ListVirtualMFADevices"). Root's device comes
        with a user that has no name.
        """
        pages = self._client.get_paginator("list_virtual_mfa_devices").paginate(
            AssignmentStatus="Assigned", PaginationConfig={"PageSize": 1000}
        )
        owners = (device.get("User", {}) for page in pages for device in page["VirtualMFADevices"])
        return {owner["UserId"]: frozenset({Device.VIRTUAL}) for owner in owners if owner.get("UserName")}


class MfaDevices:
    """Reads one user's devices as they are now."""

    PERMISSIONS = ("iam:ListMFADevices",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def of(self, user_name: str) -> Devices | None:
        """Return the kinds of all of one user's devices, or None if the user is gone."""
        serial_numbers = self.serial_numbers_of(user_name)
        return None if serial_numbers is None else frozenset(map(kind_of, serial_numbers))

    def serial_numbers_of(self, user_name: str) -> tuple[str, ...] | None:
        """Return the serial numbers of one user's devices, or None if the user is gone. At most eight: one page."""
        try:
            devices = self._client.list_mfa_devices(UserName=user_name)["MFADevices"]
        except self._client.exceptions.NoSuchEntityException:
            return None
        return tuple(device["SerialNumber"] for device in devices)


class LoginProfiles:
    """Reads whether a user has a password."""

    PERMISSIONS = ("iam:GetLoginProfile",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def has_password(self, user_name: str) -> bool:
        """Return whether the user can sign in to the console; False if the user is gone."""
        try:
            self._client.get_login_profile(UserName=user_name)
        except self._client.exceptions.NoSuchEntityException:
            return False
        return True
