"""Gathers the facts; what cannot be read is a fact as well, and keeps nothing else from being read."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ops.callers import Identity
from ops.doctor.facts import Deployed, Facts, Sending, Unreadable
from ops.doctor.reads.account import Quotas, Trails
from ops.doctor.reads.runs import Runs
from ops.doctor.reads.stack import Alarms, Policies, Queues, Switches
from ops.doctor.reads.telling import Mail, Subscriptions
from ops.read_only import PATIENT
from ops.stacks import Stack, Stacks

ADAPTERS = (Identity, Trails, Quotas, Mail, Subscriptions, Stacks, Policies, Queues, Switches, Alarms, Runs)

type _Client = Callable[..., Any]


def gather(session: boto3.Session, stack_name: str, now: datetime) -> Facts:
    """Read everything. Without any credentials there is nothing to say: raises botocore's error."""
    client = partial(session.client, config=PATIENT)
    stack = read(lambda: Stacks(client("cloudformation")).stack(stack_name))
    return Facts(
        now=now,
        caller=Identity(client("sts")).caller(),
        region=session.region_name,
        stack_name=stack_name,
        stack=stack,
        trails=read(Trails(client("cloudtrail")).trails),
        quotas=read(Quotas(client("iam")).quotas),
        deployed=_deployed(client, stack, now) if isinstance(stack, Stack) else None,
    )


def _deployed(client: _Client, stack: Stack, now: datetime) -> Deployed:
    topic, policy = stack.physical.get("OpsTopic", ""), stack.physical.get("EnforcementPolicy", "")
    group = stack.physical.get("EnforcementGroup", "")
    switches = Switches(client("events"), client("lambda"), client("scheduler"))
    return Deployed(
        sending=_sending(client, stack),
        subscriptions=read(lambda: Subscriptions(client("sns")).of(topic)),
        policy=read(lambda: Policies(client("iam")).policy(policy, group)),
        queues=read(lambda: Queues(client("sqs")).queues(stack)),
        switches=read(lambda: list(switches.switches(stack))),
        runs=read(lambda: list(Runs(client("cloudwatch")).runs(stack, now))),
        alarms=read(lambda: Alarms(client("cloudwatch")).ringing(stack)),
    )


def _sending(client: _Client, stack: Stack) -> Sending | Unreadable | None:
    sender = stack.parameters.get("SenderEmail")
    if not sender:
        return None
    region = stack.parameters.get("SesRegion") or None
    return read(lambda: Mail(client("sesv2", region_name=region)).sending(sender))


def read[Fact](get: Callable[[], Fact]) -> Fact | Unreadable:
    """Read a fact, or say what kept it from being read."""
    try:
        return get()
    except ClientError as error:
        return Unreadable(_permission_for(error.operation_name), error.response["Error"]["Code"])
    except BotoCoreError as error:
        return Unreadable("", type(error).__name__)


def _permission_for(operation: str) -> str:
    """Return the permission that an operation takes: every adapter names its own."""
    return next(
        (name for adapter in ADAPTERS for name in adapter.PERMISSIONS if name.endswith(f":{operation}")), operation
    )
