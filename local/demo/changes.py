"""Later changes: a detached policy, an exemption, a lost event, a deleted user."""

import time
from collections.abc import Callable

from local.account import Account, eventually
from local.demo.new_users import ALICE, BOB
from local.demo.story import Story

CAROL = "carol"


def the_policy_is_detached(story: Story, account: Account) -> None:
    """Detach the policy from a user, as an administrator would."""
    account.iam.detach_user_policy(UserName=ALICE.name, PolicyArn=account.policy_arn)
    story.say(f"aws iam detach-user-policy --user-name {ALICE.name}: the policy is detached.")
    _watch(story, lambda: account.is_enforced(ALICE.name), f"the policy is attached to {ALICE.name} again")
    story.say("On AWS this takes two minutes, because tools that delete a user detach everything right before.")


def an_exemption_comes_and_goes(story: Story, account: Account) -> None:
    """Exempt a user for a while."""
    account.iam.tag_user(UserName=BOB.name, Tags=[{"Key": "mfa-exempt", "Value": "lost the phone"}])
    story.say(f'{BOB.name} is tagged mfa-exempt="lost the phone".')
    _watch(story, lambda: not account.is_enforced(BOB.name), f"the policy is detached from {BOB.name}")
    account.iam.untag_user(UserName=BOB.name, TagKeys=["mfa-exempt"])
    _watch(story, lambda: account.is_enforced(BOB.name), "the tag is removed, and the policy is attached again")


def an_event_is_lost(story: Story, account: Account) -> None:
    """Hide a new user from EventBridge, and run the hourly sweep."""
    events, rule = account.stack.cloud.client("events"), account.stack.resources["NewUserRule"].rpartition("|")[2]
    events.disable_rule(Name=rule)
    account.create_user(CAROL)
    events.enable_rule(Name=rule)
    story.say(f"{CAROL} is created while the rule is off: {_attachment(account, CAROL)}.")
    with story.timed("sam remote invoke ReconcileFunction"):
        account.stack.invoke("ReconcileFunction", "reconcile_schedule")
    story.say(f"{CAROL} now: {_attachment(account, CAROL)}.")


def somebody_leaves(story: Story, account: Account) -> None:
    """Delete a user as Terraform and CloudFormation do: they do not know the policy, and try again."""
    account.wait_until_enforced(account.create_user("temp"))
    conflict = account.iam.exceptions.DeleteConflictException
    begun = time.monotonic()

    def deleted() -> bool:
        try:
            account.iam.delete_user(UserName="temp")
        except conflict as error:
            story.say(f"aws iam delete-user --user-name temp: {error.response['Error']['Message']}")
            eventually(lambda: not account.is_enforced("temp"), "the detachment of the policy")
            return False
        return True

    eventually(deleted, "the deletion")
    story.did("the policy is detached, and the second try deletes the user", time.monotonic() - begun)


def _attachment(account: Account, user_name: str) -> str:
    return "the policy is attached" if account.is_enforced(user_name) else "no policy is attached"


def _watch(story: Story, see: Callable[[], bool], what: str) -> None:
    with story.timed(what):
        eventually(see, what)
