"""Whether the parts of the stack are as they were deployed and switched on."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ops.doctor.facts import Alarm, Policy, Queue, Switch
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

    def policy(self, arn: str, group: str) -> Policy | None:
        """Return the policy, or None where somebody has deleted it."""
        try:
            found = self._client.get_policy(PolicyArn=arn)["Policy"]
        except self._client.exceptions.NoSuchEntityException:
            return None
        return Policy(arn, found["DefaultVersionId"], found["AttachmentCount"], group, self._carries(group, arn))

    def _carries(self, group: str, arn: str) -> bool:
        if not group:  # a stack that was not created whole has none
            return False
        pages = self._client.get_paginator("list_attached_group_policies").paginate(GroupName=group)
        try:
            return any(policy["PolicyArn"] == arn for page in pages for policy in page["AttachedPolicies"])
        except self._client.exceptions.NoSuchEntityException:
            return False


class Queues:
    """Reads how much waits where."""

    PERMISSIONS = ("sqs:GetQueueAttributes",)

    def __init__(self, client: "SQSClient") -> None:
        self._client = client

    def queues(self, stack: Stack) -> list[Queue]:
        """Return the stack's queues, in the order of their names; CloudFormation knows a queue by its URL."""
        found = {resource: self._attributes(resource) for resource in stack.of("AWS::SQS::Queue")}
        sources = {
            json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]: resource.logical
            for resource, attributes in found.items()
            if "RedrivePolicy" in attributes
        }
        queues = [_queue(resource, attributes, sources) for resource, attributes in found.items()]
        return sorted(queues, key=lambda queue: queue.logical)

    def _attributes(self, resource: Resource) -> "Attributes":
        return self._client.get_queue_attributes(QueueUrl=resource.physical, AttributeNames=["All"])["Attributes"]


def _queue(resource: Resource, found: "Attributes", sources: Mapping[str, str]) -> Queue:
    return Queue(
        logical=resource.logical,
        url=resource.physical,
        arn=found["QueueArn"],
        waiting=int(found["ApproximateNumberOfMessages"]) + int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
        in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
        ends_here="RedrivePolicy" not in found,
        source=sources.get(found["QueueArn"]),
    )


class Switches:
    """Reads whether rules, schedules and the connections of queues to functions are on."""

    PERMISSIONS = ("events:DescribeRule", "lambda:GetEventSourceMapping", "scheduler:GetSchedule")

    def __init__(
        self, events: "EventBridgeClient", functions: "LambdaClient", scheduler: "EventBridgeSchedulerClient"
    ) -> None:
        self._events = events
        self._functions = functions
        self._scheduler = scheduler

    def switches(self, stack: Stack) -> Iterator[Switch]:
        """Yield everything of the stack that can be switched off."""
        for rule in stack.of("AWS::Events::Rule"):
            name = rule.physical.rpartition("|")[2]
            yield Switch(rule.logical, "rule", name, self._events.describe_rule(Name=name)["State"] != "DISABLED")
        for source in stack.of("AWS::Lambda::EventSourceMapping"):
            state = self._functions.get_event_source_mapping(UUID=source.physical)["State"]
            yield Switch(source.logical, "queue's connection", source.physical, state not in {"Disabled", "Disabling"})
        for schedule in stack.of("AWS::Scheduler::Schedule"):
            state = self._scheduler.get_schedule(Name=schedule.physical)["State"]
            yield Switch(schedule.logical, "schedule", schedule.physical, state == "ENABLED")


class Alarms:
    """Reads which of the stack's alarms ring."""

    PERMISSIONS = ("cloudwatch:DescribeAlarms",)

    def __init__(self, client: "CloudWatchClient") -> None:
        self._client = client

    def ringing(self, stack: Stack) -> Sequence[Alarm]:
        """Return the alarms in state ALARM."""
        ours = {resource.physical for resource in stack.of("AWS::CloudWatch::Alarm")}
        pages = self._client.get_paginator("describe_alarms").paginate(StateValue="ALARM", AlarmTypes=["MetricAlarm"])
        return [
            Alarm(alarm["AlarmName"], alarm.get("AlarmDescription", ""))
            for page in pages
            for alarm in page["MetricAlarms"]
            if alarm["AlarmName"] in ours
        ]
