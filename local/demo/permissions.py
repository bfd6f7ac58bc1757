"""What each user may do, judged by the user's policies in the local cloud, and tried with an access key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError
from rich.table import Table

from local.account import Account
from local.demo.new_users import ALICE, BACKUP, BOB
from local.demo.story import Story
from local.referee import Policy, Referee, Request, caller, missing

WITHOUT_MFA = {"aws:ViaAWSService": "false", "aws:MultiFactorAuthPresent": "false"}
WITH_MFA = {"aws:ViaAWSService": "false", "aws:MultiFactorAuthPresent": "true"}
# A request that is signed with an access key does not have the condition key about MFA.
ACCESS_KEY = {"aws:ViaAWSService": "false"}


@dataclass(frozen=True)
class Wish:
    """An action that a user wants to take; `{me}` stands for the ARN and `{name}` for the name."""

    what: str
    action: str
    resource: str


WISHES = (
    Wish("choose the first password", "iam:ChangePassword", "{me}"),
    Wish("make a virtual MFA device", "iam:CreateVirtualMFADevice", "arn:aws:iam::{account}:mfa/{name}"),
    Wish("enable it", "iam:EnableMFADevice", "{me}"),
    Wish("enable one for a colleague", "iam:EnableMFADevice", "arn:aws:iam::{account}:user/carol"),
    Wish("remove their own device", "iam:DeactivateMFADevice", "{me}"),
    Wish("make an access key", "iam:CreateAccessKey", "{me}"),
    Wish("read a file in S3", "s3:GetObject", "arn:aws:s3:::company-data/report.csv"),
    Wish("stop a server", "ec2:StopInstances", "arn:aws:ec2:us-east-1:{account}:instance/i-0123456789abcdef0"),
)


@dataclass(frozen=True)
class Column:
    """One user with one kind of credentials."""

    user_name: str
    credentials: str
    context: Mapping[str, str]


COLUMNS = (
    Column(ALICE.name, "no MFA", WITHOUT_MFA),
    Column(ALICE.name, "MFA", WITH_MFA),
    Column(BOB.name, "no MFA", WITHOUT_MFA),
    Column(BOB.name, "MFA", WITH_MFA),
    Column(BACKUP.name, "access key", ACCESS_KEY),
)


def everybody_asks(story: Story, account: Account) -> None:
    """Judge what each user may do, and let two of them try."""
    if reason := missing():
        story.say(f"The table is left out: {reason}.")
    else:
        with Referee() as referee:
            story.show(_verdicts(account, referee))
    for user_name in (ALICE.name, BACKUP.name):
        story.say(f"{user_name} lists the buckets with an access key: {_try_with_key(account, user_name)}")


def _verdicts(account: Account, referee: Referee) -> Table:
    table = Table("may they …")
    users = {column.user_name: account.iam.get_user(UserName=column.user_name)["User"] for column in COLUMNS}
    policies = {user_name: account.policies_of(user_name) for user_name in users}
    for column in COLUMNS:
        table.add_column(f"{column.user_name}\n{column.credentials}", justify="center")
    for wish in WISHES:
        verdicts = (
            _verdict(referee, policies[column.user_name], wish, users[column.user_name]["Arn"], column)
            for column in COLUMNS
        )
        table.add_row(wish.what, *verdicts)
    return table


def _verdict(referee: Referee, policies: Sequence[Policy], wish: Wish, arn: str, column: Column) -> str:
    account = arn.split(":")[4]
    request = Request(
        principal=arn,
        action=wish.action,
        resource=wish.resource.format(me=arn, name=column.user_name, account=account),
        context={**column.context, **caller(arn, column.user_name)},
    )
    return {"allow": "[green]yes[/]", "deny": "[red]no[/]"}[referee.judge(policies, request)]


def _try_with_key(account: Account, user_name: str) -> str:
    """Call the local cloud itself, which denies what policies deny."""
    key = account.iam.create_access_key(UserName=user_name)["AccessKey"]
    buckets = account.stack.cloud.client("s3", key["AccessKeyId"], key["SecretAccessKey"])
    try:
        buckets.list_buckets()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"
