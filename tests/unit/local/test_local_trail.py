"""The local cloud's records of IAM calls have the shape of real ones."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.serialize import create_serializer

from local.server.callers import AssumedRole, Caller, IamUser, Root
from local.server.trail import Exchange, record_of

type Detail = Mapping[str, Any]
type ReadDetail = Callable[[str], Detail]

IAM = botocore.session.get_session().get_service_model("iam")
ADMINISTRATOR = IamUser(
    account="111122223333",
    access_key_id="AKIAEXAMPLECLIKEY001",
    arn="arn:aws:iam::111122223333:user/admin-jane",
    user_id="AIDAEXAMPLEADMINJANEX",
    name="admin-jane",
)
CREATED = b"""<CreateUserResponse><CreateUserResult><User>
    <Path>/engineering/</Path><UserName>bob</UserName><UserId>AIDAEXAMPLEBOBXXXXXXX</UserId>
    <Arn>arn:aws:iam::111122223333:user/engineering/bob</Arn><CreateDate>2026-11-24T09:15:02Z</CreateDate>
</User></CreateUserResult></CreateUserResponse>"""


@pytest.fixture
def detail(event_text: Callable[[str], str]) -> ReadDetail:
    """Read CloudTrail's record in a sample event."""
    return lambda name: json.loads(event_text(name))["detail"]


def request_like(recorded: Detail) -> dict[str, Any]:
    """Return recorded parameters as boto3 expects them."""

    def upper(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {name[0].upper() + name[1:]: upper(member) for name, member in value.items()}
        return [upper(item) for item in value] if isinstance(value, list) else value

    parameters: dict[str, Any] = upper(recorded["requestParameters"] or {})
    if recorded["eventName"] == "EnableMFADevice":
        parameters |= {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    return parameters


def exchange(action: str, request: Mapping[str, Any], **answered: Any) -> Exchange:  # noqa: ANN401
    sent = create_serializer("query").serialize_to_request(request, IAM.operation_model(action))
    defaults: dict[str, Any] = {
        "status": 200,
        "answer": b"",
        "caller": ADMINISTRATOR,
        "source_ip": "203.0.113.24",
        "user_agent": "aws-cli/2.36.1",
        "at": datetime(2026, 11, 24, 9, 15, 2, tzinfo=UTC),
    }
    return Exchange(form=urlencode(sent["body"]), **(defaults | answered))


def recorded(action: str, request: Mapping[str, Any], **answered: Any) -> dict[str, Any]:  # noqa: ANN401
    record = record_of(exchange(action, request, **answered))
    assert record is not None
    return record


@pytest.mark.parametrize(
    "name",
    [
        "detach_user_policy",
        "remove_user_from_group",
        "enable_mfa_device_virtual",
        "deactivate_mfa_device_by_admin",
        "tag_user_exempt",
        "untag_user_exempt",
        "update_user_rename",
    ],
)
def test_call_without_response(detail: ReadDetail, name: str) -> None:
    """A call without response elements is recorded as CloudTrail does."""
    real = detail(name)

    record = recorded(real["eventName"], request_like(real), answer=b"<Response/>")

    assert record["requestParameters"] == real["requestParameters"]
    assert record["responseElements"] is None
    assert "errorCode" not in record


def test_created_user(detail: ReadDetail) -> None:
    """A created user is recorded as CloudTrail does."""
    real = detail("create_user_cli_path")
    record = recorded("CreateUser", request_like(real), answer=CREATED)

    assert record["requestParameters"] == real["requestParameters"]
    assert record["responseElements"] == real["responseElements"]
    assert record["eventTime"] == real["eventTime"]


def test_tags_of_created_user(detail: ReadDetail) -> None:
    """The tags of a created user are recorded."""
    real = detail("create_user_console")

    record = recorded("CreateUser", request_like(real), answer=CREATED)

    assert record["requestParameters"] == real["requestParameters"]


def test_policy_version(detail: ReadDetail) -> None:
    """A new version of a policy is recorded as CloudTrail does."""
    real = detail("create_policy_version")
    answer = b"""<CreatePolicyVersionResponse><CreatePolicyVersionResult><PolicyVersion>
        <VersionId>v2</VersionId><IsDefaultVersion>true</IsDefaultVersion>
    </PolicyVersion></CreatePolicyVersionResult></CreatePolicyVersionResponse>"""

    record = recorded("CreatePolicyVersion", request_like(real), answer=answer)

    assert record["requestParameters"] == real["requestParameters"]
    assert record["responseElements"] == {"policyVersion": {"versionId": "v2", "isDefaultVersion": True}}


def test_failed_deletion(detail: ReadDetail) -> None:
    """A failed deletion is recorded with its error."""
    real = detail("delete_user_error_delete_conflict")
    answer = f"""<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code>
        <Message>{real["errorMessage"]}</Message></Error></ErrorResponse>"""

    record = recorded("DeleteUser", request_like(real), status=409, answer=answer.encode())

    for field in ("errorCode", "errorMessage", "requestParameters", "responseElements"):
        assert record[field] == real[field]


def test_denied_call(detail: ReadDetail) -> None:
    """The parameters of a denied call are not recorded."""
    real = detail("create_user_error_access_denied")
    answer = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"

    record = recorded("CreateUser", {"UserName": "mallory"}, status=403, answer=answer)

    assert (record["errorCode"], record["requestParameters"]) == (real["errorCode"], real["requestParameters"])


@pytest.mark.parametrize(
    ("action", "request_parameters", "answer"),
    [
        ("UpdateLoginProfile", {"UserName": "alice", "Password": "hush"}, b"<Response/>"),
        ("ChangePassword", {"OldPassword": "hush", "NewPassword": "hush"}, b"<Response/>"),
        (
            "EnableMFADevice",
            {
                "UserName": "alice",
                "SerialNumber": "GAHT12345678",
                "AuthenticationCode1": "hush12",
                "AuthenticationCode2": "hush34",
            },
            b"<Response/>",
        ),
        (
            "CreateAccessKey",
            {"UserName": "alice"},
            b"<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA</AccessKeyId>"
            b"<SecretAccessKey>hush</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
        ),
        (
            "CreateVirtualMFADevice",
            {"VirtualMFADeviceName": "alice"},
            b"<CreateVirtualMFADeviceResponse><CreateVirtualMFADeviceResult><VirtualMFADevice><SerialNumber>s"
            b"</SerialNumber><Base32StringSeed>aHVzaA==</Base32StringSeed></VirtualMFADevice>"
            b"</CreateVirtualMFADeviceResult></CreateVirtualMFADeviceResponse>",
        ),
    ],
)
def test_secrets(action: str, request_parameters: dict[str, str], answer: bytes) -> None:
    """Secrets are not recorded."""
    assert "hush" not in repr(recorded(action, request_parameters, answer=answer))


@pytest.mark.parametrize(
    ("action", "request_parameters"),
    [("ListUsers", {}), ("GetUser", {"UserName": "alice"}), ("GenerateCredentialReport", {})],
)
def test_reads(action: str, request_parameters: dict[str, str]) -> None:
    """Reads are not recorded."""
    assert record_of(exchange(action, request_parameters)) is None


ROLE = AssumedRole(
    account="111122223333",
    access_key_id="ASIAEXAMPLEROLE00001",
    role_arn="arn:aws:iam::111122223333:role/terraform-deploy",
    role_id="AROAEXAMPLETERRAFORM",
    role_name="terraform-deploy",
    session="gha-123456790",
)


@pytest.mark.parametrize(
    ("caller", "sample"),
    [
        (ADMINISTRATOR, "create_user_cli_path"),
        (ROLE, "delete_user_error_delete_conflict"),
        (Root("111122223333", "ASIAEXAMPLEROOT00001"), "create_user_root"),
    ],
)
def test_callers(detail: ReadDetail, caller: Caller, sample: str) -> None:
    """Callers are identified as CloudTrail does."""
    real = dict(detail(sample)["userIdentity"])
    identity = recorded("DeleteUser", {"UserName": "alice"}, caller=caller, answer=b"<Response/>")["userIdentity"]
    for each in (real, identity):
        each.get("sessionContext", {}).pop("attributes", None)  # when the session began, and with what
    if isinstance(caller, Root):
        real.pop("sessionContext")

    assert identity == real


def test_invoking_service(detail: ReadDetail) -> None:
    """A service that calls on a caller's behalf is named."""
    real = detail("create_user_cloudformation")

    record = recorded("DeleteUser", {"UserName": "a"}, answer=b"<Response/>", invoked_by="cloudformation.amazonaws.com")

    assert record["userIdentity"]["invokedBy"] == real["userIdentity"]["invokedBy"]
