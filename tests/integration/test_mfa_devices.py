"""MFA devices and passwords on moto: the kinds of devices, their owners without root, and login profiles."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from aws import clients
from aws.iam.mfa_devices import LoginProfiles, MfaDevices, VirtualMfaDevices
from domain.enrolment.devices import Device
from tests.integration.conftest import Calls

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

SAMPLES = Path(__file__).parent.parent / "samples"


def answer(operation: str, sample: str) -> str:
    """A sample response, as AWS documents it in JSON, in the XML that IAM speaks."""
    response = json.loads((SAMPLES / f"{sample}.json").read_text())
    return f"<{operation}Response><{operation}Result>{xml(response)}</{operation}Result></{operation}Response>"


def xml(value: Any) -> str:  # noqa: ANN401  (JSON)
    if isinstance(value, dict):
        return "".join(f"<{key}>{xml(member)}</{key}>" for key, member in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{xml(member)}</member>" for member in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


@pytest.fixture
def devices(calls: Calls) -> MfaDevices:
    return MfaDevices(clients.iam())


@pytest.fixture
def virtual_devices(calls: Calls) -> VirtualMfaDevices:
    return VirtualMfaDevices(clients.iam())


def test_kinds_of_devices(devices: MfaDevices, calls: Calls) -> None:
    """Passkeys, virtual devices and hardware tokens are distinguished."""
    calls.answer("ListMFADevices", answer("ListMFADevices", "list_mfa_devices_mixed"))

    assert devices.of("carol") == {Device.PASSKEY, Device.VIRTUAL, Device.HARDWARE}


def test_no_devices(iam: "IAMClient", devices: MfaDevices) -> None:
    """A user without a device has an empty set, and a deleted user has none at all."""
    iam.create_user(UserName="alice")

    assert devices.of("alice") == frozenset()
    assert devices.of("bob") is None


def test_owners_without_root(virtual_devices: VirtualMfaDevices, calls: Calls) -> None:
    """The owners of virtual devices are listed by user id, and root is left out."""
    calls.answer("ListVirtualMFADevices", answer("ListVirtualMFADevices", "list_virtual_mfa_devices_assigned"))

    assert virtual_devices.owners() == {"AIDAEXAMPLEBOBXXXXXXX": {Device.VIRTUAL}}


def test_pages_of_virtual_devices(iam: "IAMClient", virtual_devices: VirtualMfaDevices, calls: Calls) -> None:
    """Every page of virtual devices is read."""
    for number in range(3):
        iam.create_user(UserName=f"user{number}")
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"phone{number}")["VirtualMFADevice"]
        iam.enable_mfa_device(
            UserName=f"user{number}",
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1="123456",
            AuthenticationCode2="654321",
        )
    clients.iam().meta.events.register("provide-client-params.iam.ListVirtualMFADevices", one_at_a_time)

    assert len(virtual_devices.owners()) == 3
    assert calls.count("ListVirtualMFADevices") >= 3


def one_at_a_time(params: dict[str, Any], **_: object) -> None:
    params["MaxItems"] = 1


def test_passwords(iam: "IAMClient") -> None:
    """A user has a password if there is a login profile."""
    iam.create_user(UserName="alice")
    iam.create_login_profile(UserName="alice", Password="correct horse battery staple")
    iam.create_user(UserName="robot")
    profiles = LoginProfiles(clients.iam())

    assert [profiles.has_password(name) for name in ("alice", "robot", "gone")] == [True, False, False]
