"""The stored reports, and what the doctor finds in the deployed system."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from subprocess import run
from typing import Any

import pytest

from local.account import Account, eventually
from local.cloud import ROOT
from tests.e2e.conftest import DeployAnother


@pytest.fixture
def remind(account: Account) -> Callable[[], None]:
    """Start a reminder run now."""

    def invoke() -> None:
        account.invoke("RemindFunctionName", {"action": "remind"})

    return invoke


@pytest.fixture
def kept(account: Account) -> Callable[[str], str]:
    """Read the latest report of a kind."""

    def read(ending: str) -> str:
        s3, bucket = account.stack.cloud.client("s3"), account.stack.outputs["ReportBucketName"]
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        latest = max(key for key in keys if key.endswith(ending))
        text: str = s3.get_object(Bucket=bucket, Key=latest)["Body"].read().decode("utf-8-sig")
        return text

    return read


def program(account: Account, *arguments: str) -> tuple[int, str]:
    """Run one of ops' programs against the local cloud; return its exit status and output."""
    environment = {
        **account.stack.cloud.environment(),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "functions"), str(ROOT)]),
    }
    done = run([sys.executable, "-m", *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def diagnosis(account: Account) -> dict[str, dict[str, Any]]:
    """Run the doctor; return the worst finding of each check."""
    _, written = program(account, "ops.doctor", "--json")
    worst = ["ok", "warning", "unknown", "failure"]
    ordered = sorted(json.loads(written), key=lambda finding: worst.index(finding["level"]))
    return {finding["check"]: finding for finding in ordered}


def test_stored_report(account: Account, remind: Callable[[], None], kept: Callable[[str], str]) -> None:
    """A reminder run stores a table and a page with every user."""
    enforced = account.create_user()
    exempt = account.create_user(path="/service/backup/")
    account.wait_until_enforced(enforced)

    remind()

    rows = {row["user_name"]: row for row in csv.DictReader(StringIO(kept(".csv")))}
    assert (rows[enforced]["enforced"], rows[enforced]["exempt_because"]) == ("attached", "")
    assert (rows[exempt]["enforced"], rows[exempt]["exempt_because"]) == ("no", "path /service/")
    assert enforced in kept(".html")
    assert exempt in kept(".html")


def test_report_of_ops(account: Account, remind: Callable[[], None], kept: Callable[[str], str]) -> None:
    """The report program makes the same report."""
    name = account.create_user()
    account.wait_until_enforced(name)
    remind()

    code, written = program(account, "ops.report", "--format", "csv")

    assert code == 0
    kept_row = next(row for row in kept(".csv").splitlines() if name in row)
    assert kept_row in written.splitlines()


def test_doctor_on_sound_stack(account: Account, remind: Callable[[], None]) -> None:
    """The doctor finds no fault in a sound stack."""
    remind()

    findings = diagnosis(account)

    for check in ("Region", "Trail", "Quotas", "Stack", "Policy", "Switches", "Runs", "Ops topic", "Alarms"):
        assert findings[check]["level"] == "ok", findings[check]
    assert "last reminder run" in findings["Runs"]["text"]


@contextmanager
def a_dead_letter(account: Account) -> Iterator[str]:
    with account.dead_letters_of("NewUsersDeadLetterQueue") as dead_letters:
        account.sqs.send_message(QueueUrl=account.stack.outputs[dead_letters], MessageBody="failed permanently")
        yield "Queues"


@contextmanager
def a_rule_switched_off(account: Account) -> Iterator[str]:
    events = account.stack.cloud.client("events")
    name = account.stack.resources["NewUserRule"].rpartition("|")[2]
    events.disable_rule(Name=name)
    yield "Switches"
    events.enable_rule(Name=name)


@contextmanager
def a_queue_cut_off_from_its_function(account: Account) -> Iterator[str]:
    uuid = account.stack.resources["EnforceFunctionNewUsers"]
    account.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    yield "Switches"
    account.functions.update_event_source_mapping(UUID=uuid, Enabled=True)


@pytest.mark.parametrize("fault", [a_dead_letter, a_rule_switched_off, a_queue_cut_off_from_its_function])
def test_doctor_finds_fault(account: Account, fault: Callable[[Account], AbstractContextManager[str]]) -> None:
    """The doctor finds each fault with an AWS command as its remedy, until it is repaired."""
    with fault(account) as check:
        finding = diagnosis(account)[check]

    assert finding["level"] == "failure"
    assert finding["remedy"].startswith("aws ")
    eventually(lambda: diagnosis(account)[check]["level"] != "failure", f"{check} repaired")


def test_doctor_finds_changed_policy(deploy_another: DeployAnother) -> None:
    """The doctor finds a policy version that was not deployed."""
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    with deploy_another() as account:
        arn = account.policy_arn
        account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)

        finding = diagnosis(account)["Policy"]

    assert finding["level"] == "failure"
    assert finding["remedy"] == (
        f"aws iam set-default-policy-version --region us-east-1 --policy-arn {arn} --version-id v1"
    )


def test_doctor_before_deployment(account: Account) -> None:
    """Before a deployment the doctor checks what it can."""
    code, written = program(account, "ops.doctor", "--json", "--stack-name", "not-deployed")

    assert code == 0
    assert [finding["check"] for finding in json.loads(written)] == ["Region", "Trail", "Quotas", "Stack"]
