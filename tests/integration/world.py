"""An account on moto whose events may be lost, late or repeated, and whose functions may crash at any call."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import parse_qs

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.iam.models import iam_backends

from aws import clients
from enforce.handler import lambda_handler as enforce
from reconcile.handler import lambda_handler as reconcile
from release.handler import lambda_handler as release
from tests.conftest import EVENTS
from tests.integration.conftest import PLAIN_CLIENTS, Raw, batch, failed
from tests.integration.deployment import ACCOUNT, GROUP, Context, Stack

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

POLICY = f"arn:aws:iam::{ACCOUNT}:policy/mfa-enforcer/mfa-control"
_DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'
_WRITES = ("Attach", "Detach", "AddUser", "RemoveUser")


class Crash(BaseException):
    """The function has ended: even if its code catches this, no further call of that invocation goes out."""


def covered(policies: set[str], groups: set[str]) -> bool:
    """Return whether the policy covers a user with these policies and groups."""
    return "mfa-control" in policies or GROUP in groups


def answered(url: str, status: int, body: str) -> AWSResponse:
    """Return an answer as it comes over the wire."""
    return AWSResponse(url, status, HTTPHeaders(), Raw(body.encode()))


@dataclass
class World:
    """The account, the functions in it, and what is in flight between them.

    A user whose name begins with `full` has no slot for a policy, and one with `stuck` none for a group either.
    `enforced_before` are the ids of users who are in scope at any age: a sweep saw or attached the policy, or the
    functions detached it or learned that somebody did. A rename by `iam` is recorded by itself, as CloudTrail does.
    `calls` counts what the functions ask for, and `bodies` answers an operation in moto's stead.
    `crash_in` counts down with each call of a function, which is gone before (or, if `answered`, after) the last one.
    """

    events: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    writes: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, Callable[[str], str]] = field(default_factory=dict)
    enforced_before: set[str] = field(default_factory=set)
    crash_in: int | None = None
    answered: bool = False
    dead: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        self._around = ExitStack()
        environment = self._around.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        self._around.enter_context(mock_aws())
        self._around.enter_context(patch("reconcile.apply.sleep"))
        self.iam = boto3.client("iam")
        # Events come in any order here.
        self.stack = Stack(
            environment, ExemptPaths="/service/", ExistingUsersSince="2020-01-01", ChangeDelaySeconds="0"
        )
        self.stack.run("EnforceFunction")
        self.iam.create_policy(PolicyName="other", PolicyDocument=_DOCUMENT)
        self.iam.create_group(GroupName="developers")
        self.iam.meta.events.register("provide-client-params.iam.UpdateUser", self._record_rename)
        self.iam.meta.events.register("after-call.iam.UpdateUser", self._keep_tags)
        for make in PLAIN_CLIENTS:
            make.cache_clear()
        for client in (clients.iam(), clients.sqs(), clients.sns(), clients.dynamodb()):
            client.meta.events.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # it answers, too
            client.meta.events.register("before-send", self._answer)  # type: ignore[arg-type]  # an answer may be returned

    def end(self) -> None:
        """Forget the account."""
        self._around.close()
        for make in PLAIN_CLIENTS:
            make.cache_clear()

    def update(self, *, dry_run: bool) -> None:
        """Let ops turn the dry run on or off."""
        self.dry_run = dry_run
        self.stack.update(DryRun=str(dry_run).lower())

    def _answer(self, request: "AWSPreparedRequest", event_name: str, **_: object) -> AWSResponse | None:
        if self.dead:
            raise Crash
        self.dead = self.crash_in == 0
        if self.crash_in is not None:
            self.crash_in -= 1
        if self.dead and not self.answered:
            raise Crash
        answer = self._take_effect(request, event_name)
        if self.dead:
            raise Crash
        return answer

    def _take_effect(self, request: "AWSPreparedRequest", event_name: str) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self.calls[operation] += 1
        form = request.body if isinstance(request.body, str) else (request.body or b"").decode()  # type: ignore[union-attr]
        if operation in self.bodies:
            return answered(request.url, 200, self.bodies[operation](form))
        if operation in {"AttachUserPolicy", "AddUserToGroup"} and self._full(operation, form):
            body = "<ErrorResponse><Error><Code>LimitExceeded</Code><Message>quota</Message></Error></ErrorResponse>"
            return answered(request.url, 409, body)
        self.writes += operation.startswith(_WRITES)
        answer = botocore_stubber(event_name, request)
        self._note_detachment(operation, *parse_qs(form).get("UserName", []))
        return answer

    def _record_rename(self, params: dict[str, str], **_: object) -> None:
        self._kept = params.get("NewUserName"), self.iam.list_user_tags(UserName=params["UserName"])["Tags"]
        if "NewUserName" in params:
            moved = {"newPath": params["NewPath"]} if "NewPath" in params else {}
            self.record("update_user_rename", params["UserName"], newUserName=params["NewUserName"], **moved)

    def _keep_tags(self, **_: object) -> None:
        """Give a renamed user the tags back that moto forgets, and IAM keeps."""
        name, tags = self._kept
        if name and tags:
            self.iam.tag_user(UserName=name, Tags=tags)

    def _note_detachment(self, operation: str, *names: str) -> None:
        """Remember the user who lost the policy."""
        users = iam_backends[ACCOUNT]["aws"].users
        if operation in {"DetachUserPolicy", "RemoveUserFromGroup"}:
            self.enforced_before.update(users[name].id for name in names if name in users)

    @staticmethod
    def _full(operation: str, form: str) -> bool:
        [name] = parse_qs(form)["UserName"]
        return name.startswith("stuck") or (operation == "AttachUserPolicy" and name.startswith("full"))

    def record(self, sample: str, name: str, **request: object) -> None:
        """Let an event of this kind be in flight."""
        event = json.loads((EVENTS / f"{sample}.json").read_text())
        detail = event["detail"]
        detail["requestParameters"] = {**detail["requestParameters"], "userName": name, **request}
        detail["eventTime"] = datetime.now(UTC).isoformat()
        if sample == "create_user_console":
            user = self.iam.get_user(UserName=name)["User"]
            detail["responseElements"]["user"] = {
                "userName": name,
                "userId": user["UserId"],
                "path": user["Path"],
            }
        self.events.append(json.dumps(event))

    def create(self, name: str, path: str, tag: str, *, older: bool) -> None:
        """Create a user who is in somebody's group and has somebody's policy."""
        tags = [{"Key": "mfa-exempt", "Value": tag}] if tag else []
        self.iam.create_user(UserName=name, Path=path, Tags=tags)  # type: ignore[arg-type]  # tags are tags
        self.iam.add_user_to_group(GroupName="developers", UserName=name)
        self.iam.attach_user_policy(UserName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/other")
        if older:
            iam_backends[ACCOUNT]["aws"].users[name].create_date = datetime(2019, 1, 1, tzinfo=UTC)
        else:
            recorded = [{"key": "mfa-exempt", "value": tag}] if tag else []
            self.record("create_user_console", name, tags=recorded, path=path)

    def delete(self, name: str) -> None:
        """Delete a user as an administrator who insists."""
        for policy in self.iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            self.iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
        for group in self.iam.list_groups_for_user(UserName=name)["Groups"]:
            self.iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        self.iam.delete_user(UserName=name)

    @contextmanager
    def invocation(self, function: str) -> Iterator[Context]:
        """Let a function run, which may crash; the next one is alive again."""
        self.stack.run(function)
        self.dead = False
        with suppress(Crash):
            yield Context(function)
        self.dead = False

    def deliver(self, event: str) -> None:
        """Hand an event to its function; what fails is handed over again later."""
        handler = release if '"DeleteUser"' in event else enforce
        function = "ReleaseFunction" if handler is release else "EnforceFunction"
        with self.invocation(function) as context:
            if not failed(handler(batch(event), context)):
                self.events.remove(event)
                detail = json.loads(event)["detail"]
                if not self.dry_run:
                    self._note_detachment(detail["eventName"], detail["requestParameters"]["userName"])

    def detach(self) -> None:
        """Hand every release request to `release`; what fails is handed over again later."""
        self.requests.extend(self.stack.requests.take())
        for request in list(self.requests):
            with self.invocation("ReleaseFunction") as context:
                if not failed(release(batch(request), context)):
                    self.requests.remove(request)

    def sweep(self) -> None:
        """Sweep the account once."""
        with self.invocation("ReconcileFunction") as context:
            reconcile({}, context)
            if not self.dry_run:
                users = iam_backends[ACCOUNT]["aws"].users
                self.enforced_before.update(
                    users[name].id for name, facts in self.snapshot().items() if covered(*facts)
                )

    def deletion_pending(self) -> set[str]:
        """Return the ids of the users who are flagged as being deleted."""
        return {item["subject"]["S"] for item in self.stack.flags.all() if item["kind"]["S"] == "leaving"}

    def an_hour_passes(self) -> None:
        """Let the flags of deletions expire."""
        for user_id in self.deletion_pending():
            self.stack.flags.delete(kind="leaving", subject=user_id)

    def group_enforces(self) -> bool:
        """Return whether the group carries the policy."""
        return bool(self.iam.list_attached_group_policies(GroupName=GROUP)["AttachedPolicies"])

    def snapshot(self) -> dict[str, tuple[set[str], set[str]]]:
        """Return the policies and the groups of every user."""
        return {
            name: (
                {policy.name for policy in user.managed_policies.values()},
                {group["GroupName"] for group in self.iam.list_groups_for_user(UserName=name)["Groups"]},
            )
            for name, user in iam_backends[ACCOUNT]["aws"].users.items()
        }
