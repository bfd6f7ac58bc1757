"""Corrections of CloudFormation and IAM: missing resources, unrecorded calls, deletions that AWS would refuse."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from ministack.core import responses  # type: ignore[import-untyped]  # ships no types
from ministack.services import iam  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.server.callers import Root
from local.server.trail import Exchange

type Properties = Mapping[str, Any]
type Operation = Callable[[Mapping[str, Any]], tuple[int, Mapping[str, str], bytes]]

SERVICE = "cloudformation.amazonaws.com"
_HANDLERS = provisioners._RESOURCE_HANDLERS  # noqa: SLF001  # there is no public registry


def correct_cloudformation(publish: Callable[[Exchange], None]) -> None:
    """Create groups, record calls about users, and refuse to delete what is in use, as IAM does."""
    _HANDLERS["AWS::IAM::Group"] = {"create": _create_group, "delete": _delete_group}
    delete_policy = _HANDLERS["AWS::IAM::ManagedPolicy"]["delete"]
    call_for_user = provisioners._iam_user_call  # noqa: SLF001

    def delete_unattached_policy(arn: str, properties: Properties) -> None:
        holders = [iam._users, iam._groups, iam._roles]  # noqa: SLF001
        if any(arn in entity.get("AttachedPolicies", ()) for entities in holders for entity in entities.values()):
            message = f"Cannot delete a policy attached to entities: {arn}"
            raise ValueError(message)
        delete_policy(arn, properties)

    def recorded_call_for_user(operation: Operation, parameters: Mapping[str, Any], verb: str) -> None:
        answer = operation(parameters)
        publish(_exchange(operation.__name__, parameters, answer))
        call_for_user(lambda _: answer, parameters, verb)

    _HANDLERS["AWS::IAM::ManagedPolicy"]["delete"] = delete_unattached_policy
    _HANDLERS["AWS::IAM::User"]["delete"] = _delete_user
    _take_alarms_on_math(_HANDLERS["AWS::CloudWatch::Alarm"])
    provisioners._iam_user_call = recorded_call_for_user  # noqa: SLF001


def _take_alarms_on_math(alarms: dict[str, Any]) -> None:
    create, update = alarms["create"], alarms["update"]

    def create_alarm(logical_id: str, properties: Properties, stack_name: str) -> object:
        return create(logical_id, _without_math(properties), stack_name)

    def update_alarm(name: str, old: Properties, new: Properties, *about: str, **more: str) -> object:
        return update(name, _without_math(old), _without_math(new), *about, **more)

    alarms.update(create=create_alarm, update=update_alarm)


def _without_math(alarm: Properties) -> Properties:
    """Return an alarm on metric math as one on the metric, because MiniStack has no metric math.

    For `FILL`, only the hour in which the alarm goes into ALARM differs.
    """
    match [query["MetricStat"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]:
        case [found]:
            plain = {key: value for key, value in alarm.items() if key != "Metrics"}
            return {**plain, **found["Metric"], "Statistic": found["Stat"], "Period": found["Period"]}
        case _:
            return alarm


def _exchange(operation: str, parameters: Mapping[str, Any], answer: tuple[int, Mapping[str, str], bytes]) -> Exchange:
    """Return a call inside the process as an exchange over the wire."""
    action = "".join(word.capitalize() for word in operation.split("_"))
    status, _, body = answer
    return Exchange(
        form=urlencode({"Action": action, **parameters}, doseq=True),
        status=status,
        answer=body,
        caller=Root(responses.get_account_id(), access_key_id=""),
        invoked_by=SERVICE,
        source_ip=SERVICE,
        user_agent=SERVICE,
        at=datetime.now(UTC),
    )


def _delete_user(name: str, properties: Properties) -> None:
    """Remove what the template gave the user, and delete the user; MiniStack would remove everything, not only that."""
    user = iam._users.get(name)  # noqa: SLF001
    if user is None:
        return
    left = {
        "ManagedPolicyArns": [
            arn for arn in properties.get("ManagedPolicyArns", ()) if arn in user["AttachedPolicies"]
        ],
        "Groups": [group for group in properties.get("Groups", ()) if name in iam._groups[group]["Users"]],  # noqa: SLF001
    }
    provisioners._iam_user_reconcile(name, left, {}, "delete")  # noqa: SLF001
    provisioners._iam_user_call(iam._delete_user, {"UserName": name}, "delete")  # noqa: SLF001
    iam._user_inline_policies.pop(name, None)  # noqa: SLF001
    iam._login_profiles.pop(name, None)  # noqa: SLF001


def _create_group(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    name = properties.get("GroupName") or provisioners._physical_name(stack_name, logical_id)  # noqa: SLF001
    _call(iam._create_group, GroupName=name, Path=properties.get("Path", "/"))  # noqa: SLF001
    for arn in properties.get("ManagedPolicyArns", ()):
        _call(iam._attach_group_policy, GroupName=name, PolicyArn=arn)  # noqa: SLF001
    return name, {"Arn": iam._groups[name]["Arn"]}  # noqa: SLF001


def _delete_group(name: str, properties: Properties) -> None:
    if iam._groups[name]["Users"]:  # noqa: SLF001
        message = f"Cannot delete entity, must remove users from group first: {name}"
        raise ValueError(message)
    for arn in properties.get("ManagedPolicyArns", ()):
        if arn in iam._groups[name]["AttachedPolicies"]:  # noqa: SLF001
            _call(iam._detach_group_policy, GroupName=name, PolicyArn=arn)  # noqa: SLF001
    _call(iam._delete_group, GroupName=name)  # noqa: SLF001


def _call(operation: Operation, **parameters: str) -> None:
    """Call IAM inside the process without a permission check: as CloudFormation, which has the permissions."""
    status, _, answer = operation(parameters)
    if status >= 300:
        raise ValueError(answer.decode())
