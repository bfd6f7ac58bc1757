"""The local cloud says why it cannot start, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.account import Account, eventually
from local.cloud import ROOT
from local.start import NotStarted, PortTaken, started

NOBODY = '{"Version": "2012-10-17", "Statement": []}'


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_taken_port() -> None:
    """A port in use is named, together with the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with (
            pytest.raises(PortTaken, match=rf"Port {port} .* export LOCAL_CLOUD_PORT={port + 1}"),
            started(port),
        ):
            pass


def test_log_of_failed_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a cloud that cannot start contains the end of its log."""
    monkeypatch.setenv("MINISTACK_DOCKER_TIMEOUT", "none")

    with pytest.raises(NotStarted, match="could not convert string to float"), started():
        pass


def test_nothing_runs_after_block() -> None:
    """No process of the cloud survives the block."""
    with started() as cloud:
        assert listens(cloud.port)

    assert not listens(cloud.port)
    assert not cloud.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_cloud_ends_with_starter(number: signal.Signals) -> None:
    """The cloud ends when its starter is interrupted, terminated or killed."""
    script = """if True:
        import time
        from local import processes, start
        processes.end_on_termination()
        with start.started() as started:
            print(started.port, started.folder, flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(  # noqa: S603  # our own script
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as starter:
        assert starter.stdout is not None
        port, folder = starter.stdout.readline().split()
        assert listens(int(port))

        starter.send_signal(number)
        starter.wait(timeout=20)

    eventually(lambda: not listens(int(port)), "the end of the cloud")
    assert not Path(folder).exists()


def test_attached_policy_blocks_deletion(account: Account) -> None:
    """A stack whose policy is still attached cannot be deleted, as on AWS."""
    cloudformation = account.stack.cloud.client("cloudformation")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    template = json.dumps({"Resources": {"Policy": policy}})
    cloudformation.create_stack(StackName="in-use", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="in-use", WaiterConfig={"Delay": 1})
    [resource] = cloudformation.describe_stack_resources(StackName="in-use")["StackResources"]
    account.iam.create_role(RoleName="guest", AssumeRolePolicyDocument=NOBODY)
    account.iam.attach_role_policy(RoleName="guest", PolicyArn=resource["PhysicalResourceId"])

    cloudformation.delete_stack(StackName="in-use")

    def failed() -> bool:
        [stack] = cloudformation.describe_stacks(StackName="in-use")["Stacks"]
        return bool(stack["StackStatus"] == "DELETE_FAILED")

    eventually(failed, "the failure to delete the stack")
