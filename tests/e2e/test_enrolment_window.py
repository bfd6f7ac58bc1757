"""Ops limit the days to enrol: a password that nobody claims is closed, and a new password opens it again."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from local.account import Account, eventually
from local.mailbox import Mailbox
from tests.e2e.conftest import DeployAnother

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def test_window(deploy_another: DeployAnother) -> None:
    """The functions set the tag after the last day, mail the user, and remove the tag after a new password."""
    with deploy_another(SenderEmail="mfa@example.com", EnrolmentWindowDays="7") as account:
        mailbox = Mailbox(account.stack.cloud)
        mailbox.allow_sender("mfa@example.com")
        alice = account.create_user(tags={"email": "alice@example.com"})
        account.iam.create_login_profile(UserName=alice, Password="correct horse battery staple")
        account.wait_until_enforced(alice)
        run(account)
        eventually(lambda: until(account, alice), "the last day in the people table")
        assert "mfa-closed" not in tags_of(account, alice)

        let_days_pass(account, alice)
        run(account)
        eventually(lambda: "mfa-closed" in tags_of(account, alice), "the tag", within=60)
        eventually(
            lambda: [mail for mail in mailbox.sent_to("alice@example.com") if "closed" in mail.subject], "the mail"
        )

        account.iam.untag_user(UserName=alice, TagKeys=["mfa-closed"])
        run(account)
        assert "mfa-closed" not in tags_of(account, alice)
        assert until(account, alice) > str(datetime.now(UTC).date())


def run(account: Account) -> None:
    account.invoke("RemindFunctionName", {"action": "remind"})


def tags_of(account: Account, name: str) -> set[str]:
    return {tag["Key"] for tag in account.iam.list_user_tags(UserName=name)["Tags"]}


def table_of(account: Account) -> "DynamoDBClient":
    return cast("DynamoDBClient", account.stack.cloud.client("dynamodb"))


def until(account: Account, name: str) -> str:
    """Return the last day on which the user can enrol, nothing if there is none."""
    key = {"user_id": {"S": account.iam.get_user(UserName=name)["User"]["UserId"]}}
    item = table_of(account).get_item(TableName=account.stack.resources["PeopleTable"], Key=key).get("Item", {})
    return item.get("window_until", {}).get("S", "")


def let_days_pass(account: Account, name: str) -> None:
    """Move the last day to yesterday."""
    table_of(account).update_item(
        TableName=account.stack.resources["PeopleTable"],
        Key={"user_id": {"S": account.iam.get_user(UserName=name)["User"]["UserId"]}},
        UpdateExpression="SET window_until = :day",
        ExpressionAttributeValues={":day": {"S": str(datetime.now(UTC).date() - timedelta(days=1))}},
    )
