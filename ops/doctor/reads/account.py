"""What the account has without us: its trails, its quotas."""

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
    """Reads the trails that cover the Region, those of an organization among them."""

    PERMISSIONS = ("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")

    def __init__(self, client: "CloudTrailClient") -> None:
        self._client = client

    def trails(self) -> list[Trail]:
        """Return every trail: three calls at most for each, of which a Region has five."""
        return [self._trail(found) for found in self._client.describe_trails(includeShadowTrails=True)["trailList"]]

    def _trail(self, found: "TrailTypeDef") -> Trail:
        described = partial(
            Trail,
            name=found["Name"],
            arn=found["TrailARN"],
            home_region=found["HomeRegion"],
            multi_region=found.get("IsMultiRegionTrail", False),
            global_events=found.get("IncludeGlobalServiceEvents", False),
        )
        try:
            return described(
                logging=self._client.get_trail_status(Name=found["TrailARN"])["IsLogging"],
                logs_iam_writes=_logs_iam_writes(self._client.get_event_selectors(TrailName=found["TrailARN"])),
            )
        except self._client.exceptions.ClientError as error:
            return described(logging=False, logs_iam_writes=False, hidden=error.operation_name)


def _logs_iam_writes(selectors: "GetEventSelectorsResponseTypeDef") -> bool:
    """Tell whether management events that write are logged, whichever kind of selector the trail has."""
    basic = any(
        selector.get("IncludeManagementEvents", True)
        and selector.get("ReadWriteType", "All") != "ReadOnly"
        and _IAM not in selector.get("ExcludeManagementEventSources", [])
        for selector in selectors.get("EventSelectors", [])
    )
    advanced = any(
        _lets_iam_writes_through(selector["FieldSelectors"]) for selector in selectors.get("AdvancedEventSelectors", [])
    )
    return basic or advanced


def _lets_iam_writes_through(fields: "Iterable[AdvancedFieldSelectorOutputTypeDef]") -> bool:
    """Tell whether a CreateUser call meets every field ("AdvancedFieldSelector", CloudTrail API Reference)."""
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
        # A field of data events, or one that we do not know: such a selector does not count for us.
        return False
    wants: Mapping[str, Callable[[tuple[str, ...]], bool]] = {
        "Equals": lambda given: value in given,
        "StartsWith": value.startswith,
        "EndsWith": value.endswith,
        "NotEquals": lambda given: value not in given,
        "NotStartsWith": lambda given: not value.startswith(given),
        "NotEndsWith": lambda given: not value.endswith(given),
    }
    return all(wants[name](tuple(given)) for name, given in condition.items() if name in wants)


class Quotas:
    """Reads how much of IAM the account uses and may use."""

    PERMISSIONS = ("iam:GetAccountSummary",)

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def quotas(self) -> dict[str, int]:
        """Return IAM's summary: counts such as Users beside quotas such as UsersQuota."""
        return {str(name): value for name, value in self._client.get_account_summary()["SummaryMap"].items()}
