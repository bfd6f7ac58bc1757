"""What is read of the account and of the deployed stack, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.callers import Caller
from ops.stacks import Stack

# IAM's events reach EventBridge in one Region of each partition.
IAM_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact that could not be read: the permission that its call needs, and AWS' own word for what was wrong.

    `part` is the part of the stack that it is about, if it is about one.
    """

    permission: str
    code: str
    part: str = ""

    @property
    def denied(self) -> bool:
        """Tell whether the permission is what was missing."""
        return "AccessDenied" in self.code or "Unauthorized" in self.code or self.code == "AuthorizationError"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A part that the stack has and AWS no longer knows: somebody has deleted it."""

    logical: str
    kind: str


@dataclass(frozen=True, slots=True)
class Trail:
    """A trail that is seen from the Region, and whether IAM's writes are among what it logs.

    `hidden` is the operation that was refused where it could not be looked into, as an organization's trail may not be
    from a member account; what it logs is not known then.
    """

    name: str
    arn: str
    home_region: str
    multi_region: bool
    global_events: bool
    logging: bool
    logs_iam_writes: bool
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """What SES would do with mail from the sender; `identity` is the verified address or domain, None where none is."""

    sender: str
    region: str
    identity: str | None
    production: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who is told; unconfirmed, nothing is delivered."""

    protocol: str
    endpoint: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """The enforcement policy: the version that counts, and whether the group still carries it."""

    arn: str
    default_version: str
    attachments: int
    group: str
    group_carries_it: bool | Deleted | Unreadable


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue. `is_dead_letter`: nothing moves messages on, so whatever is in it waits for a person.

    `source` is the queue whose failed messages it takes, None where it is no queue's.
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
    """A rule, a schedule or a queue's connection to its function, which somebody may have switched off.

    `schedule` is all that a schedule consists of: an update takes away whatever it does not name ("UpdateSchedule").
    """

    logical: str
    kind: str
    name: str
    on: bool
    schedule: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """When a scheduled function was last seen to finish, None where not at all in the week that was looked at.

    `overdue_after` is how long it may be silent, as the alarm on it has it.
    """

    what: str
    function: str
    log_group: str
    overdue_after: timedelta
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: whether it is ringing, and whether it tells anybody when it does."""

    name: str
    description: str
    rings: bool = True
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Deployed:
    """The facts about the deployed stack, read at `now`; each may be deleted or unreadable by itself.

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
    """Everything that findings follow from. `stack` and `deployed` are None before the first deployment.

    `deployed` is None as well if the stack was never created whole, or is being deleted.
    """

    caller: Caller
    region: str
    stack_name: str
    stack: Stack | Unreadable | None
    trails: Sequence[Trail] | Unreadable
    quotas: Mapping[str, int] | Unreadable
    deployed: Deployed | None
