"""Checks permissions against the resource and the condition keys that AWS uses."""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator, responses  # type: ignore[import-untyped]  # ships no types
from ministack.services import iam  # type: ignore[import-untyped]

from local.server.authorization import action_of, conditions_of, identity_of, resource_of
from local.server.recording import request_body


def correct_permissions() -> None:
    """Complete MiniStack's permission check."""
    iam_evaluator.enforce = _completing(iam_evaluator.enforce)
    iam_evaluator._resolve_condition_key = _as_if_encrypted(iam_evaluator._resolve_condition_key)  # noqa: SLF001


def _completing(enforce: Callable[..., object]) -> Callable[..., object]:
    def completed(access_key_id: str, iam_action: str, service: str, region: str, **about: Any) -> object:  # noqa: ANN401
        body = request_body.get()
        about["service_context"] = {**(about.get("service_context") or {}), **conditions_of(service, body)}
        if service == "iam" and (arn := resource_of(iam_action, body, responses.get_account_id(), _arn_of_entity)):
            about["resource_arn"] = arn
        if service in {"ses", "sesv2"} and (arn := identity_of(body, region, responses.get_account_id())):
            about["resource_arn"] = arn
        return enforce(access_key_id, action_of(iam_action), service, region, **about)

    return completed


def _as_if_encrypted(resolve: Callable[..., object]) -> Callable[..., object]:
    """Treat requests as encrypted, for policies that refuse plain HTTP: they never leave this machine."""

    def resolved(key: str, *about: Any) -> object:  # noqa: ANN401
        return "true" if key.lower() == "aws:securetransport" else resolve(key, *about)

    return resolved


def _arn_of_entity(kind: str, name: str) -> str | None:
    entity = {"user": iam._users, "group": iam._groups}[kind].get(name)  # noqa: SLF001  # a read through the API would be checked, too
    return entity["Arn"] if entity else None
