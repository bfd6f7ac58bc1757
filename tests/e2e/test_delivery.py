"""What EventBridge cannot hand over is kept; the queues let in the deployed rules and nobody else."""

import json

from local.account import Account, eventually
from tests.e2e.conftest import DeployAnother


def test_an_event_that_the_queue_does_not_let_in_is_kept(deploy_another: DeployAnother) -> None:
    with deploy_another() as account:
        account.sqs.set_queue_attributes(QueueUrl=account.stack.outputs["NewUsersQueue"], Attributes={"Policy": ""})

        name = account.create_user()

        eventually(lambda: account.messages_in("UndeliveredEventsQueue") == 1, "the event among the dead letters")
        assert not account.is_enforced(name)


def test_a_rule_of_somebody_else_cannot_write_to_the_queue(account: Account) -> None:
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
