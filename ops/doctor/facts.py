"""The facts about the account and the deployed stack, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.callers import Caller
from ops.stacks import Stack

# EventBridge gets IAM's events in one Region of each partition.
IAM_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact that could not be read: the permission that the call needs, and the error code of AWS.

    `resource` is the kind and the logical ID of the resource, if the fact is about one.
    """

    permission: str
    code: str
    resource: str = ""

    @property
    def denied(self) -> bool:
        """Return whether the permission was missing."""
        return "AccessDenied" in self.code or "Unauthorized" in self.code or self.code == "AuthorizationError"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A resource of the stack that no longer exists: somebody has deleted it outside CloudFormation."""

    logical: str
    kind: str


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail that covers the Region, and whether it logs IAM's writes.

    `refused` is the operation that AWS refused, empty if it refused none; what the trail logs is then unknown. A member
    account may see the trail of its organization without being allowed to read its selectors.
    """

    name: str
    arn: str
    home_region: str
    multi_region: bool
    global_events: bool
    logging: bool
    logs_iam_writes: bool
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """Whether SES sends mail from the sender; `identity` is the verified address or domain, None if none is."""

    sender: str
    region: str
    identity: str | None
    production: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the ops topic; SNS delivers nothing to one that is not confirmed."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The enforcement policy: its default version, and whether it is attached to the enforcement group."""

    arn: str
    default_version: str
    attachments: int
    group: str
    attached_to_group: bool | Deleted | Unreadable


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its messages. `waiting` includes delayed messages.

    `is_dead_letter`: nothing receives from the queue, so each message waits for ops. `source` is the queue whose failed
    messages it takes; None if it takes them from EventBridge, the Scheduler or Lambda.
    """

    logical: str
    url: str
    arn: str
    waiting: int
    in_flight: int
    is_dead_letter: bool
    source: str | None


@dataclass(frozen=True, slots=True)
class Toggle:
    """A rule, a schedule or an event source mapping, and whether it is enabled.

    `schedule` are all properties of a schedule: an update resets each property that it leaves out ("UpdateSchedule").
    """

    logical: str
    kind: str
    name: str
    enabled: bool
    schedule: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The last completed run of a scheduled function, None if none completed in the last week.

    `overdue_after` is the time after which the alarm on missing runs goes into ALARM.
    """

    name: str
    overdue_after: timedelta
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: whether it is in ALARM, and whether its actions are enabled, without which it notifies nobody."""

    name: str
    description: str
    in_alarm: bool = True
    actions_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Deployed:
    """The facts about the deployed stack, read at `now`; each can be deleted or unreadable without the others.

    `samconfig` are the parameters that samconfig.toml sets at each deployment, by name.
    """

    stack: Stack
    now: datetime
    samconfig: Mapping[str, str] | Unreadable
    sending: Sending | Unreadable | None
    subscriptions: Sequence[Subscription] | Deleted | Unreadable
    policy: Policy | Deleted | Unreadable
    queues: Sequence[Queue | Deleted | Unreadable]
    toggles: Sequence[Toggle | Deleted | Unreadable]
    runs: Sequence[Run] | Unreadable
    alarms: Sequence[Alarm | Deleted] | Unreadable


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts. `stack` and `deployed` are None before the first deployment.

    `deployed` is None as well if the stack was never created completely, or is being deleted.
    """

    caller: Caller
    region: str
    stack_name: str
    stack: Stack | Unreadable | None
    trails: Sequence[Trail] | Unreadable
    quotas: Mapping[str, int] | Unreadable
    deployed: Deployed | None
