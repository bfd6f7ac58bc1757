"""Actions in an account, and reads of its state: for the tests and the demo."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

    from local.stack import Stack

_PATIENCE_SECONDS = 20.0

type Policy = Mapping[str, Any]


class NeverHappened(AssertionError):
    """Something did not happen in time."""


def eventually[Found](see: Callable[[], Found], what: str, *, within: float = _PATIENCE_SECONDS) -> Found:
    """Call `see` until it returns something, and return that; raises NeverHappened after `within` seconds."""
    deadline = time.monotonic() + within
    while not (result := see()):
        if time.monotonic() > deadline:
            message = f"{what}: not within {within:.0f} s"
            raise NeverHappened(message)
        time.sleep(0.02)
    return result


class Account:
    """The local account with the stack deployed in it."""

    def __init__(self, stack: "Stack") -> None:
        self.stack = stack

    @cached_property
    def iam(self) -> "IAMClient":
        """Return the IAM client of an administrator."""
        return cast("IAMClient", self.stack.cloud.client("iam"))

    @cached_property
    def sqs(self) -> "SQSClient":
        """Return such a client for SQS."""
        return cast("SQSClient", self.stack.cloud.client("sqs"))

    @cached_property
    def functions(self) -> "LambdaClient":
        """Return such a client for Lambda."""
        return cast("LambdaClient", self.stack.cloud.client("lambda"))

    @property
    def policy_arn(self) -> str:
        """Return the enforcement policy's ARN."""
        return self.stack.outputs["PolicyArn"]

    def create_user(self, name: str = "", *, path: str = "/", tags: Mapping[str, str] | None = None) -> str:
        """Create a user and return the name: a unique one if none is given."""
        name = name or f"person-{uuid.uuid4().hex[:8]}"
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        self.iam.create_user(UserName=name, Path=path, Tags=listed)  # type: ignore[arg-type]  # TagTypeDict is such a dict
        return name

    def tag_user(self, user_name: str, tags: Mapping[str, str]) -> None:
        """Tag a user."""
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.iam.tag_user(UserName=user_name, Tags=listed)  # type: ignore[arg-type]  # TagTypeDict is such a dict

    def is_enforced(self, user_name: str) -> bool:
        """Return whether the policy is attached to the user."""
        attached = self.iam.list_attached_user_policies(UserName=user_name)["AttachedPolicies"]
        return any(policy["PolicyArn"] == self.policy_arn for policy in attached)

    def enforced_users(self) -> set[str]:
        """Return the names of all users that the policy is attached to."""
        pages = self.iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=self.policy_arn)
        return {user["UserName"] for page in pages for user in page["PolicyUsers"]}

    def wait_until_enforced(self, user_name: str, *, within: float = _PATIENCE_SECONDS) -> None:
        """Wait for the policy; raises NeverHappened."""
        eventually(lambda: self.is_enforced(user_name), f"the policy on {user_name}", within=within)

    def policy_document(self, policy_arn: str = "") -> Policy:
        """Return the default version of a policy as IAM has it now; without an ARN, the enforcement policy."""
        arn = policy_arn or self.policy_arn
        version = self.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return _policy(self.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])

    def policies_of(self, user_name: str) -> list[Policy]:
        """Return every policy that applies to the user now: attached, inline, and those of the user's groups."""
        attached = self.iam.list_attached_user_policies(UserName=user_name)["AttachedPolicies"]
        for group in self.iam.list_groups_for_user(UserName=user_name)["Groups"]:
            attached += self.iam.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]
        in_line = self.iam.list_user_policies(UserName=user_name)["PolicyNames"]
        return [
            *(self.policy_document(policy["PolicyArn"]) for policy in attached),
            *(
                _policy(self.iam.get_user_policy(UserName=user_name, PolicyName=name)["PolicyDocument"])
                for name in in_line
            ),
        ]

    def messages_in(self, output: str) -> int:
        """Return the number of messages in a queue, waiting or in flight, by the name of its stack output."""
        queue = self.sqs.get_queue_attributes(QueueUrl=self.stack.outputs[output], AttributeNames=["All"])["Attributes"]
        return int(queue["ApproximateNumberOfMessages"]) + int(queue["ApproximateNumberOfMessagesNotVisible"])

    def retry_soon(self, output: str) -> None:
        """Make a queue, named by its output, retry failed messages after a second instead of minutes."""
        self.sqs.set_queue_attributes(QueueUrl=self.stack.outputs[output], Attributes={"VisibilityTimeout": "1"})

    @contextmanager
    def dead_letters_of(self, output: str) -> Iterator[str]:
        """Empty a dead-letter queue, named by its output, before and after the block."""
        url = self.stack.outputs[output]
        self.sqs.purge_queue(QueueUrl=url)
        yield output
        self.sqs.purge_queue(QueueUrl=url)

    def redrive(self, output: str, *, to: str) -> None:
        """Move the messages of a dead-letter queue back to the queue they came from; both are named by their outputs.

        This is what StartMessageMoveTask does, which MiniStack lacks.
        """
        dead_letters, source = self.stack.outputs[output], self.stack.outputs[to]
        while messages := self.sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.send_message(QueueUrl=source, MessageBody=message["Body"])
                self.sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])

    def invoke(self, output: str, event: object) -> Any:  # noqa: ANN401  # a function's answer is JSON of any shape
        """Invoke a function, named by its stack output, as `sam remote invoke` does; return its answer.

        Raises RuntimeError with the function's error if it failed.
        """
        answer = self.functions.invoke(FunctionName=self.stack.outputs[output], Payload=json.dumps(event))
        payload = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RuntimeError(payload.decode())
        return json.loads(payload)


def _policy(document: Any) -> Policy:  # noqa: ANN401  # boto3 decodes most; MiniStack encodes some in another way
    policy: Policy = json.loads(unquote(document)) if isinstance(document, str) else document
    return policy
