"""Reads the trails and the quotas of the account."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ops.doctor.facts import Trail

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_cloudtrail.type_defs import (
        AdvancedFieldSelectorOutputTypeDef,
        GetEventSelectorsResponseTypeDef,
        TrailTypeDef,
    )
    from mypy_boto3_iam import IAMClient

_IAM = "iam.amazonaws.com"


class Trails:
    """Reads the trails that cover the Region, also those of an organization."""

    PERMISSIONS = ("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")

    def __init__(self, client: "CloudTrailClient") -> None:
        self._client = client

    def trails(self) -> list[Trail]:
        """Return every trail, with two calls for each."""
        return [self._trail(trail) for trail in self._client.describe_trails(includeShadowTrails=True)["trailList"]]

    def _trail(self, trail: "TrailTypeDef") -> Trail:
        described = partial(
            Trail,
            name=trail["Name"],
            arn=trail["TrailARN"],
            home_region=trail["HomeRegion"],
            multi_region=trail.get("IsMultiRegionTrail", False),
            global_events=trail.get("IncludeGlobalServiceEvents", False),
        )
        try:
            return described(
                logging=self._client.get_trail_status(Name=trail["TrailARN"])["IsLogging"],
                logs_iam_writes=_logs_iam_writes(self._client.get_event_selectors(TrailName=trail["TrailARN"])),
            )
        except self._client.exceptions.ClientError as error:
            return described(logging=False, logs_iam_writes=False, refused=error.operation_name)


def _logs_iam_writes(selectors: "GetEventSelectorsResponseTypeDef") -> bool:
    """Return whether a basic or an advanced selector takes IAM's write management events."""
    basic = any(
        selector.get("IncludeManagementEvents", True)
        and selector.get("ReadWriteType", "All") != "ReadOnly"
        and _IAM not in selector.get("ExcludeManagementEventSources", [])
        for selector in selectors.get("EventSelectors", [])
    )
    advanced = any(
        _takes_create_user(selector["FieldSelectors"]) for selector in selectors.get("AdvancedEventSelectors", [])
    )
    return basic or advanced


def _takes_create_user(fields: "Iterable[AdvancedFieldSelectorOutputTypeDef]") -> bool:
    """Return whether a CreateUser call meets every field ("AdvancedFieldSelector", CloudTrail API Reference)."""
    values: Mapping[str, str] = {
        "eventCategory": "Management",
        "readOnly": "false",
        "eventSource": _IAM,
        "eventName": "CreateUser",
        "eventType": "AwsApiCall",
        "sessionCredentialFromConsole": "false",
    }
    conditions = list(fields)
    return any(field["Field"] == "eventCategory" for field in conditions) and all(
        _meets(values.get(field["Field"]), field) for field in conditions
    )


def _meets(value: str | None, condition: Mapping[str, Any]) -> bool:
    if value is None:
        # A field of data events, or an unknown one: it is unknown whether CreateUser meets it.
        return False
    operators: Mapping[str, Callable[[tuple[str, ...]], bool]] = {
        "Equals": lambda operands: value in operands,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
        "NotEquals": lambda operands: value not in operands,
        "NotStartsWith": lambda operands: not value.startswith(operands),
        "NotEndsWith": lambda operands: not value.endswith(operands),
    }
    return all(operators[name](tuple(operands)) for name, operands in condition.items() if name in operators)


class Quotas:
    """Reads how much of IAM the account uses and may use."""

    PERMISSIONS = ("iam:GetAccountSummary",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def quotas(self) -> dict[str, int]:
        """Return IAM's summary: numbers such as Users, and quotas such as UsersQuota."""
        return {str(name): value for name, value in self._client.get_account_summary()["SummaryMap"].items()}
