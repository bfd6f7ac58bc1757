"""What the doctor reads about mail, subscriptions and the runs of the scheduled functions."""

from datetime import datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from ops.doctor.facts import Run, Subscription
from ops.doctor.reads.notifications import Mail, Subscriptions
from ops.doctor.reads.runs import Runs
from ops.read_only import read_only_session
from ops.stacks import Resource
from tests.integration.ops.deployment import NOW, deployed, stack_of
from tests.template import Template

RECONCILE = Resource("ReconcileFunction", "AWS::Lambda::Function", "stack-Reconcile")
REMIND = Resource("RemindFunction", "AWS::Lambda::Function", "stack-Remind")


def test_subscriptions(stack: str) -> None:
    """A subscription is read with its endpoint and its confirmation."""
    topic = deployed().stack.resource("OpsTopic")
    boto3.client("sns").subscribe(TopicArn=topic.physical, Protocol="email", Endpoint="ops@example.com")

    read = Subscriptions(read_only_session("us-east-1").client("sns")).of(topic)

    assert read == [Subscription("email", "ops@example.com", confirmed=True)]


@pytest.mark.parametrize(
    ("verified", "identity"),
    [(["mfa@example.com"], "mfa@example.com"), (["example.com"], "example.com"), ([], None)],
)
def test_identity_of_sender(verified: list[str], identity: str | None) -> None:
    """The identity of the address counts before that of its domain."""
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": True, "SendingEnabled": True})
        for name in ("mfa@example.com", "example.com"):
            if name in verified:
                ses.add_response("get_email_identity", {"VerifiedForSendingStatus": True}, {"EmailIdentity": name})
                break
            ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})

        sending = Mail(client).sending("mfa@example.com")

    assert (sending.identity, sending.production, sending.enabled, sending.region) == (
        identity, True, True, "us-east-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verified", "identity"), [("b.example.com", "b.example.com"), ("example.com", "example.com"), ("com", None)]
)
def test_identity_of_parent_domain(verified: str, identity: str | None) -> None:
    """A verified domain covers its subdomains; the top-level domain is not read."""
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": True, "SendingEnabled": True})
        for name in ("mfa@a.b.example.com", "a.b.example.com", "b.example.com", "example.com"):
            if name == verified:
                ses.add_response("get_email_identity", {"VerifiedForSendingStatus": True}, {"EmailIdentity": name})
                break
            ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})

        assert Mail(client).sending("mfa@a.b.example.com").identity == identity


def test_unverified_identity() -> None:
    """An identity that waits for its verification does not count."""
    client = read_only_session("us-east-1").client("sesv2")
    with Stubber(client) as ses:
        ses.add_response("get_account", {"ProductionAccessEnabled": False, "SendingEnabled": True})
        ses.add_response("get_email_identity", {"VerifiedForSendingStatus": False})
        ses.add_client_error("get_email_identity", "NotFoundException")

        assert Mail(client).sending("mfa@example.com").identity is None


def complete_run(at: datetime, service: str = "remind") -> None:
    """Count a completed reminder run that found nobody unenrolled."""
    boto3.client("cloudwatch").put_metric_data(
        Namespace="MfaEnforcer",
        MetricData=[
            {
                "MetricName": "ReminderRunsCompleted",
                "Dimensions": [{"Name": "service", "Value": service}],
                "Timestamp": at,
                "Value": 0,
                "Unit": "Count",
            }
        ],
    )


def runs(*functions: Resource, **parameters: str) -> list[Run]:
    client = read_only_session("us-east-1").client("cloudwatch")
    return list(Runs(client).runs(stack_of(*functions, **parameters), NOW))


def test_last_run() -> None:
    """The last run is the last one that the function counted, also with a value of 0."""
    whole = NOW.replace(minute=NOW.minute // 5 * 5, second=0, microsecond=0)
    for hours in (24, 2):
        complete_run(whole - timedelta(hours=hours))
    complete_run(whole, service="another")

    (run,) = runs(REMIND, ReminderOverdueHours="90")

    assert (run.name, run.overdue_after) == ("reminder run", timedelta(hours=90))
    assert run.last is not None
    assert timedelta(0) <= whole - timedelta(hours=2) - run.last < timedelta(minutes=5)


def test_run_without_parameter() -> None:
    """A stack that is older than the parameters has the defaults of the template."""
    defaults = {name: str(about.get("Default", "")) for name, about in Template().source["Parameters"].items()}

    assert runs(RECONCILE, REMIND) == runs(RECONCILE, REMIND, **defaults)
    assert runs(REMIND) == [Run("reminder run", timedelta(hours=80), None)]
