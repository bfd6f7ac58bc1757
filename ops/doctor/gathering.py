"""Reads the facts; a fact that cannot be read is recorded as unreadable, and the others are read."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import boto3

from ops.callers import Identity
from ops.doctor.facts import Deployed, Facts, Sending, Unreadable
from ops.doctor.reads.account import Quotas, Trails
from ops.doctor.reads.notifications import Mail, Subscriptions
from ops.doctor.reads.reading import read
from ops.doctor.reads.resources import Alarms, Policies, Queues, Toggles
from ops.doctor.reads.runs import Runs
from ops.doctor.reads.samconfig import samconfig_parameters
from ops.read_only import PATIENT
from ops.stacks import Stack, Stacks

# The classes that read from AWS; --policy prints their permissions.
ADAPTERS = (Identity, Trails, Quotas, Mail, Subscriptions, Stacks, Policies, Queues, Toggles, Alarms, Runs)

# `sam deploy` reads this file in the folder of the template.
_SAMCONFIG = Path(__file__).parents[2] / "samconfig.toml"

type _Client = Callable[..., Any]


def gather(session: boto3.Session, stack_name: str, now: datetime, samconfig: Path = _SAMCONFIG) -> Facts:
    """Read all facts; raises botocore's error if not even the caller's identity can be read."""
    client = partial(session.client, config=PATIENT)
    caller = Identity(client("sts")).caller()
    stack = read(Stacks.PERMISSIONS, lambda: Stacks(client("cloudformation")).stack(stack_name))
    return Facts(
        caller=caller,
        region=session.region_name,
        stack_name=stack_name,
        stack=stack,
        trails=read(Trails.PERMISSIONS, Trails(client("cloudtrail")).trails),
        quotas=read(Quotas.PERMISSIONS, Quotas(client("iam")).quotas),
        deployed=_deployed(client, stack, now, samconfig) if _is_deployed(stack) else None,
    )


def _is_deployed(stack: Stack | Unreadable | None) -> TypeGuard[Stack]:
    return isinstance(stack, Stack) and stack.is_created and stack.is_ours


def _deployed(client: _Client, stack: Stack, now: datetime, samconfig: Path) -> Deployed:
    toggles = Toggles(client("events"), client("lambda"), client("scheduler"))
    return Deployed(
        stack=stack,
        now=now,
        samconfig=samconfig_parameters(samconfig),
        sending=_sending(client, stack),
        subscriptions=Subscriptions(client("sns")).of(stack.resource("OpsTopic")),
        policy=Policies(client("iam")).policy(stack.resource("EnforcementPolicy"), stack.resource("EnforcementGroup")),
        queues=Queues(client("sqs")).queues(stack),
        toggles=list(toggles.toggles(stack)),
        runs=read(Runs.PERMISSIONS, lambda: list(Runs(client("cloudwatch")).runs(stack, now))),
        alarms=read(Alarms.PERMISSIONS, lambda: Alarms(client("cloudwatch")).alarms(stack)),
    )


def _sending(client: _Client, stack: Stack) -> Sending | Unreadable | None:
    sender = stack.parameters.get("SenderEmail")
    if not sender:
        return None
    region = stack.parameters.get("SesRegion") or None
    return read(Mail.PERMISSIONS, lambda: Mail(client("sesv2", region_name=region)).sending(sender))
