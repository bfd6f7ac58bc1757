"""The scenes in order; they show the answers of the local cloud."""

from collections.abc import Callable
from dataclasses import dataclass

from local.account import Account
from local.demo.changes import an_event_is_lost, an_exemption_comes_and_goes, somebody_leaves, the_policy_is_detached
from local.demo.existing_users import they_get_a_day
from local.demo.new_users import ALICE, BOB, users_are_created
from local.demo.people import people_get_a_password, somebody_enrols, the_day_begins
from local.demo.permissions import everybody_asks
from local.demo.story import Story


@dataclass(frozen=True)
class Scene:
    """A part of the demo, played in the account as the previous scenes left it."""

    title: str
    play: Callable[[Story, Account], None]


def the_stack_is_deleted(story: Story, account: Account) -> None:
    """Delete the stack as ops would."""
    with story.timed("sam delete, which polls every 30 s"):
        account.stack.delete()
    still_enforced = [
        name
        for name in (ALICE.name, BOB.name)
        if account.iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    ]
    story.say(f"The policy is still attached to: {', '.join(still_enforced) or 'nobody'}.")


SCENES = (
    Scene("Somebody creates three users, and does nothing else", users_are_created),
    Scene("What each of them may do now, judged by their policies", everybody_asks),
    Scene("An administrator detaches the policy from a user", the_policy_is_detached),
    Scene("Ops exempt a user, and end the exemption", an_exemption_comes_and_goes),
    Scene("An event is lost, and the next sweep finds the user", an_event_is_lost),
    Scene("Two people get a password, and a mail that says what to do first", people_get_a_password),
    Scene("A working day begins: users without MFA are reminded, and ops get the digest", the_day_begins),
    Scene("alice registers an MFA device", somebody_enrols),
    Scene("Ops give existing users a day: they are told first, and enforced then", they_get_a_day),
    Scene("A tool that does not know the policy deletes a user", somebody_leaves),
    Scene("Ops delete the stack while users still have the policy", the_stack_is_deleted),
)
