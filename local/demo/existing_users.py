"""Existing users get a day: they are told first, and enforced on the day."""

from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, cast

from local import stack
from local.account import Account
from local.cloud import Cloud
from local.demo.people import mails_shown, remind
from local.demo.story import Story

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

DORA, EMIL = "dora", "emil"


def users_exist(cloud: Cloud) -> None:
    """Create two users before the stack, as most accounts have them."""
    iam = cast("IAMClient", cloud.client("iam"))
    for name in (DORA, EMIL):
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=token_urlsafe())


def they_get_a_day(story: Story, account: Account) -> None:
    """Announce a day to one user, and let the day of the other come."""
    today = datetime.now(UTC).date()
    # The users are minutes old, and AWS has them for years.
    chosen = {"EnforceExistingUsersFrom": str(today), "ExistingUsersSince": str(today + timedelta(days=1))}
    with story.timed(f"sam deploy --parameter-overrides EnforceExistingUsersFrom={today}"):
        stack.deploy(account.stack.cloud, **chosen)
    account.tag_user(DORA, {"email": f"{DORA}@example.com"})
    with mails_shown(story, account, number=1):
        remind(story, account)
    with story.timed("sam remote invoke ReconcileFunction"):
        account.stack.invoke("ReconcileFunction", "reconcile_schedule")
    story.say(f"{DORA} was told just now, and has seven days: {_enforced(account)}.\n")
    with story.timed("sam deploy --parameter-overrides NoticeDays=0"):
        stack.deploy(account.stack.cloud, **chosen, NoticeDays="0")
    account.tag_user(EMIL, {"email": f"{EMIL}@example.com", "language": "ja"})
    with mails_shown(story, account, number=2):
        remind(story, account)
        with story.timed("sam remote invoke ReconcileFunction"):
            account.stack.invoke("ReconcileFunction", "reconcile_schedule")
    story.say(f"{EMIL} is told, and the day has come: {_enforced(account)}.")


def _enforced(account: Account) -> str:
    named = [name for name in (DORA, EMIL) if account.is_enforced(name)]
    return f"{' and '.join(named) or 'neither user'} is enforced"
