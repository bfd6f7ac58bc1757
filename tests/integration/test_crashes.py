"""A function that is killed at any call and tried again ends where it should, and ops are notified."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, takewhile

import pytest

from tests.integration.deployment import GROUP
from tests.integration.world import POLICY, World, covered


def exempted(world: World, name: str) -> None:
    """Somebody exempts the user."""
    world.iam.tag_user(UserName=name, Tags=[{"Key": "mfa-exempt", "Value": "robot"}])
    world.record("tag_user_exempt", name, tags=[{"key": "mfa-exempt", "value": "robot"}])


def exempted_unnoticed(world: World, name: str) -> None:
    """Somebody exempts the user, and the event is lost."""
    exempted(world, name)
    world.events.clear()


def deletion_fails(world: World, name: str) -> None:
    """Somebody cannot delete the user because of the policy, or of the group."""
    world.record("delete_user_error_delete_conflict", name)
    event = json.loads(world.events.pop())
    missing = "remove users from group" if name.startswith("full") else "detach all policies"
    event["detail"]["errorMessage"] = f"Cannot delete entity, must {missing} first."
    world.events.append(json.dumps(event))


def detached(world: World, name: str) -> None:
    """Somebody detaches the policy, or takes the user out of the group."""
    if name.startswith("full"):
        world.iam.remove_user_from_group(UserName=name, GroupName=GROUP)
        world.record("remove_user_from_group", name, groupName=GROUP)
    else:
        world.iam.detach_user_policy(UserName=name, PolicyArn=POLICY)
        world.record("detach_user_policy", name, policyArn=POLICY)


@dataclass(frozen=True)
class Story:
    """What somebody does, and how it must end: is the user enforced, and are ops notified?"""

    happens: Callable[[World, str], None]
    enforced: bool
    notified: bool


STORIES = [
    Story(exempted, enforced=False, notified=True),
    Story(exempted_unnoticed, enforced=False, notified=True),
    Story(deletion_fails, enforced=False, notified=True),
    Story(detached, enforced=True, notified=False),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.happens.__name__)
@pytest.mark.parametrize(("name", "answered"), [("alice", False), ("full-carol", True)])
def test_killed_at_any_call(story: Story, name: str, answered: bool) -> None:
    """A function killed before or after any of its calls leaves nothing that the next try does not repair."""
    killed_at = takewhile(lambda at: is_killed_and_repaired(story, name, at, answered=answered), count())

    assert len(list(killed_at)) > 3


def is_killed_and_repaired(story: Story, name: str, at: int, *, answered: bool) -> bool:
    """Play the story with a function that is killed at this call, and again; return whether there was such a call."""
    world = World()
    try:
        world.create(name, "/", "", older=False)
        world.deliver(world.events[0])
        world.calls.clear()
        story.happens(world, name)
        world.crash_in, world.answered = at, answered
        play(world)
        killed, world.crash_in = world.crash_in < 0, None
        play(world)
        assert covered(*world.snapshot()[name]) == story.enforced, at
        assert bool(world.calls["Publish"]) == story.notified, at
    finally:
        world.end()
    return killed


def play(world: World) -> None:
    """Let every function do its work."""
    for event in list(world.events):
        world.deliver(event)
    world.sweep()
    world.detach()
