"""The scenes, in their order; what they show is what the local cloud answers."""

from collections.abc import Callable
from dataclasses import dataclass

from local.account import Account
from local.demo.new_users import users_are_created
from local.demo.permissions import everybody_asks
from local.demo.story import Story


@dataclass(frozen=True)
class Scene:
    """A part of the story, played in the account that the scenes before have left."""

    title: str
    play: Callable[[Story, Account], None]


def the_stack_is_deleted(story: Story, account: Account) -> None:
    """Delete the stack as ops would."""
    with story.timed("sam delete"):
        account.stack.delete()


SCENES = (
    Scene("Somebody creates three users, and does nothing else", users_are_created),
    Scene("What each of them may do now, judged from the policies that are on them", everybody_asks),
)
