"""The truth table: requests, their credentials and permissions, and whether they must be allowed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from local.referee import Policy, Referee, Request, Verdict, caller
from tests.template import Template

FOLDER = Path(__file__).parent

# A case's options, the parameter of the template for each, and its values there; the default comes first.
PARAMETERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "first_password_change": ("FirstPasswordChange", {"on": "allow", "off": "deny"}),
    "access_key_enrolment": ("AccessKeyEnrolment", {"off": "deny", "on": "allow"}),
    "device_cleanup": ("DeviceCleanup", {"any": "any", "own": "own"}),
    "service_calls": ("ServiceCalls", {"strict": "strict", "exempt": "exempt"}),
    "enrolment_window": ("EnrolmentWindowDays", {"off": "0", "on": "14"}),
}
DEFAULTS = {option: next(iter(values)) for option, (_, values) in PARAMETERS.items()}


@dataclass(frozen=True)
class Profile:
    """The partition and the options that a policy is rendered for."""

    partition: str
    options: tuple[tuple[str, str], ...] = ()

    def policy(self) -> Policy:
        """Return the enforcement policy of the template."""
        return _rendered(self)

    def policy_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(self.policy())


@dataclass(frozen=True)
class Case:
    """One row. `ignores_policies`: AWS decides this call without any policy."""

    name: str
    group: str
    why: str
    profile: Profile
    request: Request
    grants: tuple[str, ...]
    expected: Verdict
    ignores_policies: bool

    @property
    def is_default(self) -> bool:
        """Return whether the case applies with the default options."""
        return all(DEFAULTS[option] == value for option, value in self.profile.options)

    def verdict(self, referee: Referee, policy: Policy) -> Verdict:
        """Judge the case for a user with this enforcement policy in addition to the grants."""
        return referee.judge([policy, *map(grant, self.grants)], self.request)


@cache
def grant(name: str) -> Policy:
    """Read an AWS managed policy, as AWS publishes it."""
    return _policy(FOLDER / "grants" / f"{name}.json")


@cache
def alternative(name: str) -> Policy:
    """Read a published MFA policy to compare with."""
    return _policy(FOLDER / "alternatives" / f"{name}.json")


def cases() -> list[Case]:
    """Read the table."""
    return [_case(json.loads(line)) for line in (FOLDER / "cases.jsonl").read_text().splitlines()]


def _case(row: dict[str, Any]) -> Case:
    options = tuple(sorted(row.get("option", {}).items()))
    context = {**row["context"], **caller(row["principal"], row["user"])}
    return Case(
        name=row["id"],
        group=row["group"],
        why=row["why"],
        profile=Profile(row["partition"], options),
        request=Request(row["principal"], row["action"], row["resource"], context),
        grants=tuple(row["grants"]),
        expected=row["expect"],
        ignores_policies=row.get("aws_ignores_policy", False),
    )


@cache
def _rendered(profile: Profile) -> Policy:
    parameters = dict(_parameter(option, value) for option, value in profile.options)
    template = Template(partition=profile.partition, **parameters)
    policy: Policy = template.resources["EnforcementPolicy"]["Properties"]["PolicyDocument"]
    return policy


def _parameter(option: str, value: str) -> tuple[str, str]:
    parameter, values = PARAMETERS[option]
    return parameter, values[value]


def _policy(path: Path) -> Policy:
    policy: Policy = json.loads(path.read_text())
    return policy
