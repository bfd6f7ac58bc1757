"""Whether the parts of the stack are there, as they were deployed, and switched on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from ops.doctor.facts import Alarm, Deleted, Policy, Queue, Toggle, Unreadable
from ops.doctor.reads.reading import read_part
from ops.stacks import Resource, Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

    type Attributes = Mapping[QueueAttributeNameType, str]


class Policies:
    """Reads the enforcement policy and the group that carries it."""

    PERMISSIONS = ("iam:GetPolicy", "iam:ListAttachedGroupPolicies")

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def policy(self, policy: Resource, group: Resource) -> Policy | Deleted | Unreadable:
        """Return the policy, and whether the group carries it."""
        return read_part(self.PERMISSIONS, policy, "policy", lambda: self._policy(policy.physical, group))

    def _policy(self, arn: str, group: Resource) -> Policy:
        found = self._client.get_policy(PolicyArn=arn)["Policy"]
        carries = read_part(self.PERMISSIONS, group, "group", lambda: self._carries(group.physical, arn))
        return Policy(arn, found["DefaultVersionId"], found["AttachmentCount"], group.physical, carries)

    def _carries(self, group: str, arn: str) -> bool:
        pages = self._client.get_paginator("list_attached_group_policies").paginate(GroupName=group)
        return any(policy["PolicyArn"] == arn for page in pages for policy in page["AttachedPolicies"])


class Queues:
    """Reads how much waits where."""

    PERMISSIONS = ("sqs:GetQueueAttributes",)

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def queues(self, stack: Stack) -> list[Queue | Deleted | Unreadable]:
        """Return the stack's queues, in the order of their names; CloudFormation knows a queue by its URL."""
        found = {
            queue: read_part(self.PERMISSIONS, queue, "queue", partial(self._attributes, queue.physical))
            for queue in sorted(stack.of("AWS::SQS::Queue"), key=lambda queue: queue.logical)
        }
        sources = {
            json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]: queue.logical
            for queue, attributes in found.items()
            if not isinstance(attributes, Deleted | Unreadable) and "RedrivePolicy" in attributes
        }
        return [
            attributes if isinstance(attributes, Deleted | Unreadable) else _queue(queue, attributes, sources)
            for queue, attributes in found.items()
        ]

    def _attributes(self, url: str) -> "Attributes":
        return self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def _queue(resource: Resource, found: "Attributes", sources: Mapping[str, str]) -> Queue:
    return Queue(
        logical=resource.logical,
        url=resource.physical,
        arn=found["QueueArn"],
        waiting=int(found["ApproximateNumberOfMessages"]) + int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
        in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
        is_dead_letter="RedrivePolicy" not in found,
        source=sources.get(found["QueueArn"]),
    )


class Toggles:
    """Reads whether rules, schedules and the connections of queues to functions are on."""

    PERMISSIONS = ("events:DescribeRule", "lambda:GetEventSourceMapping", "scheduler:GetSchedule")

    def __init__(
        self, events: "EventBridgeClient", functions: "LambdaClient", scheduler: "EventBridgeSchedulerClient"
    ) -> None:
        self._events = events
        self._functions = functions
        self._scheduler = scheduler

    def toggles(self, stack: Stack) -> Iterator[Toggle | Deleted | Unreadable]:
        """Yield everything of the stack that can be switched off."""
        for kind, of_type, get in (
            ("rule", "AWS::Events::Rule", self._rule),
            ("queue's connection", "AWS::Lambda::EventSourceMapping", self._connection),
            ("schedule", "AWS::Scheduler::Schedule", self._schedule),
        ):
            for resource in stack.of(of_type):
                yield read_part(self.PERMISSIONS, resource, kind, partial(get, resource, kind))

    def _rule(self, resource: Resource, kind: str) -> Toggle:
        name = resource.physical.rpartition("|")[2]
        state = self._events.describe_rule(Name=name)["State"]
        return Toggle(resource.logical, kind, name, state != "DISABLED")

    def _connection(self, resource: Resource, kind: str) -> Toggle:
        state = self._functions.get_event_source_mapping(UUID=resource.physical)["State"]
        on = state not in {"Disabled", "Disabling", "Deleting"}
        return Toggle(resource.logical, kind, resource.physical, on)

    def _schedule(self, resource: Resource, kind: str) -> Toggle:
        found: Mapping[str, Any] = self._scheduler.get_schedule(Name=resource.physical)
        read_only = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
        schedule = {name: value for name, value in found.items() if name not in read_only}
        return Toggle(resource.logical, kind, resource.physical, found["State"] == "ENABLED", schedule)


class Alarms:
    """Reads which of the stack's alarms are there, which ring, and which would tell nobody."""

    PERMISSIONS = ("cloudwatch:DescribeAlarms",)

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def alarms(self, stack: Stack) -> Sequence[Alarm | Deleted]:
        """Return every alarm of the stack."""
        ours = stack.of("AWS::CloudWatch::Alarm")
        found = {
            alarm["AlarmName"]: alarm
            for names in batched((alarm.physical for alarm in ours), 100, strict=False)  # the most that a call takes
            for alarm in self._client.describe_alarms(
                AlarmNames=names, AlarmTypes=["MetricAlarm"], MaxRecords=len(names)
            )["MetricAlarms"]
        }
        return [
            Alarm(
                name=alarm["AlarmName"],
                description=alarm.get("AlarmDescription", ""),
                rings=alarm["StateValue"] == "ALARM",
                tells=alarm["ActionsEnabled"],
            )
            if (alarm := found.get(resource.physical))
            else Deleted(resource.logical, "alarm")
            for resource in ours
        ]
