"""Events that EventBridge cannot deliver are kept, and the queues accept only the deployed rules."""

import json

from local.account import Account, eventually
from tests.e2e.conftest import DeployAnother


def test_undelivered_event_is_kept(deploy_another: DeployAnother) -> None:
    """An event that the queue's policy denies goes to the dead-letter queue."""
    with deploy_another() as account:
        account.sqs.set_queue_attributes(QueueUrl=account.stack.outputs["NewUsersQueue"], Attributes={"Policy": ""})

        name = account.create_user()

        eventually(lambda: account.messages_in("UndeliveredEventsQueue") == 1, "the event among the dead letters")
        assert not account.is_enforced(name)


def test_foreign_rule_is_denied(account: Account) -> None:
    """A rule that is not the stack's cannot write to the queue."""
    events = account.stack.cloud.client("events")
    queue = account.stack.outputs["NewUsersQueue"]
    attributes = account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="intruder", EventPattern=json.dumps({"source": ["intruder"]}))
    events.put_targets(Rule="intruder", Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    before = account.messages_in("NewUsersDeadLetterQueue")
    account.retry_soon("NewUsersQueue")

    events.put_events(Entries=[{"Source": "intruder", "DetailType": "malformed", "Detail": "{}"}])

    account.wait_until_enforced(account.create_user())
    eventually(lambda: account.messages_in("NewUsersQueue") == 0, "an empty queue")
    assert account.messages_in("NewUsersDeadLetterQueue") == before
