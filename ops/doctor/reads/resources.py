"""Reads the resources of the stack: the policy, queues, alarms, and what can be disabled."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING, Any

from ops.doctor.facts import Alarm, Deleted, Policy, Queue, Toggle, Unreadable
from ops.doctor.reads.reading import read_resource
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

# The most names that a call takes ("DescribeAlarms").
_ALARMS_PER_CALL = 100


class Policies:
    """Reads the enforcement policy, and whether it is attached to the enforcement group."""

    PERMISSIONS = ("iam:GetPolicy", "iam:ListAttachedGroupPolicies")

    def __init__(self, client: "IAMClient") -> None:
        self._client = client

    def policy(self, policy: Resource, group: Resource) -> Policy | Deleted | Unreadable:
        """Return the policy."""
        return read_resource(self.PERMISSIONS, policy, "policy", lambda: self._policy(policy.physical, group))

    def _policy(self, arn: str, group: Resource) -> Policy:
        policy = self._client.get_policy(PolicyArn=arn)["Policy"]
        attached = read_resource(self.PERMISSIONS, group, "group", lambda: self._is_attached(arn, group.physical))
        return Policy(arn, policy["DefaultVersionId"], policy["AttachmentCount"], group.physical, attached)

    def _is_attached(self, arn: str, group: str) -> bool:
        pages = self._client.get_paginator("list_attached_group_policies").paginate(GroupName=group)
        return any(policy["PolicyArn"] == arn for page in pages for policy in page["AttachedPolicies"])


class Queues:
    """Reads how many messages the queues have."""

    PERMISSIONS = ("sqs:GetQueueAttributes",)

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def queues(self, stack: Stack) -> list[Queue | Deleted | Unreadable]:
        """Return the stack's queues in the order of their logical IDs; the physical ID of a queue is its URL."""
        answers = {
            queue: read_resource(self.PERMISSIONS, queue, "queue", partial(self._attributes, queue.physical))
            for queue in sorted(stack.of_type("AWS::SQS::Queue"), key=lambda queue: queue.logical)
        }
        sources = {
            json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]: queue.logical
            for queue, attributes in answers.items()
            if not isinstance(attributes, Deleted | Unreadable) and "RedrivePolicy" in attributes
        }
        return [
            attributes if isinstance(attributes, Deleted | Unreadable) else _queue(queue, attributes, sources)
            for queue, attributes in answers.items()
        ]

    def _attributes(self, url: str) -> "Attributes":
        return self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def _queue(resource: Resource, attributes: "Attributes", sources: Mapping[str, str]) -> Queue:
    delayed = int(attributes.get("ApproximateNumberOfMessagesDelayed", 0))
    return Queue(
        logical=resource.logical,
        url=resource.physical,
        arn=attributes["QueueArn"],
        waiting=int(attributes["ApproximateNumberOfMessages"]) + delayed,
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        is_dead_letter="RedrivePolicy" not in attributes,
        source=sources.get(attributes["QueueArn"]),
    )


class Toggles:
    """Reads whether rules, schedules and event source mappings are enabled."""

    PERMISSIONS = ("events:DescribeRule", "lambda:GetEventSourceMapping", "scheduler:GetSchedule")

    def __init__(
        self, events: "EventBridgeClient", functions: "LambdaClient", scheduler: "EventBridgeSchedulerClient"
    ) -> None:
        self._events = events
        self._functions = functions
        self._scheduler = scheduler

    def toggles(self, stack: Stack) -> Iterator[Toggle | Deleted | Unreadable]:
        """Yield every rule, event source mapping and schedule of the stack."""
        for kind, of_type, get in (
            ("rule", "AWS::Events::Rule", self._rule),
            ("event source mapping", "AWS::Lambda::EventSourceMapping", self._mapping),
            ("schedule", "AWS::Scheduler::Schedule", self._schedule),
        ):
            for resource in stack.of_type(of_type):
                yield read_resource(self.PERMISSIONS, resource, kind, partial(get, resource, kind))

    def _rule(self, resource: Resource, kind: str) -> Toggle:
        name = resource.physical.rpartition("|")[2]
        state = self._events.describe_rule(Name=name)["State"]
        return Toggle(resource.logical, kind, name, state != "DISABLED")

    def _mapping(self, resource: Resource, kind: str) -> Toggle:
        state = self._functions.get_event_source_mapping(UUID=resource.physical)["State"]
        enabled = state not in {"Disabled", "Disabling", "Deleting"}
        return Toggle(resource.logical, kind, resource.physical, enabled)

    def _schedule(self, resource: Resource, kind: str) -> Toggle:
        answer: Mapping[str, Any] = self._scheduler.get_schedule(Name=resource.physical)
        read_only = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
        schedule = {name: value for name, value in answer.items() if name not in read_only}
        return Toggle(resource.logical, kind, resource.physical, answer["State"] == "ENABLED", schedule)


class Alarms:
    """Reads whether the alarms exist, are in ALARM, and have their actions enabled."""

    PERMISSIONS = ("cloudwatch:DescribeAlarms",)

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def alarms(self, stack: Stack) -> Sequence[Alarm | Deleted]:
        """Return every alarm of the stack."""
        resources = stack.of_type("AWS::CloudWatch::Alarm")
        alarms = {
            alarm["AlarmName"]: alarm
            for names in batched((alarm.physical for alarm in resources), _ALARMS_PER_CALL, strict=False)
            for alarm in self._client.describe_alarms(
                AlarmNames=names, AlarmTypes=["MetricAlarm"], MaxRecords=len(names)
            )["MetricAlarms"]
        }
        return [
            Alarm(
                name=alarm["AlarmName"],
                description=alarm.get("AlarmDescription", ""),
                in_alarm=alarm["StateValue"] == "ALARM",
                actions_enabled=alarm["ActionsEnabled"],
            )
            if (alarm := alarms.get(resource.physical))
            else Deleted(resource.logical, "alarm")
            for resource in resources
        ]
