"""Starts a local cloud, deploys, plays every scene, and takes everything down: `make demo`."""

import sys
from contextlib import ExitStack

from rich.console import Console

from local import processes, stack, start
from local.account import Account, NeverHappened
from local.demo.existing_users import users_exist
from local.demo.scenes import SCENES
from local.demo.story import Story

_STATUSES = """\
  0    every scene was played
  1    it could not be started, or an expected effect did not happen
  130  it was interrupted"""


def main(arguments: list[str] | None = None) -> int:
    """Play the demo; return the program's exit status."""
    start.arguments("local.demo", __doc__, _STATUSES).parse_args(arguments)
    console = Console(highlight=False, soft_wrap=False)
    try:
        processes.end_on_termination()
        play(Story(console))
    except KeyboardInterrupt:
        console.print("\nInterrupted: everything that was started has ended.")
        return 130
    except (start.InvalidPort, start.PortTaken, start.NotStarted, processes.ProgramFailed, NeverHappened) as error:
        console.print(f"\n{error}", style="red", markup=False)
        return 1
    return 0


def play(story: Story) -> None:
    """Deploy the stack in a cloud of its own, and play every scene there."""
    with ExitStack() as ends:
        story.begin("The system is deployed on this machine: no AWS account, no Docker")
        with story.timed("A local cloud starts on 127.0.0.1"):
            cloud = ends.enter_context(start.started(start.chosen_port()))
        users_exist(cloud)
        with story.timed("sam build"):
            stack.build(cloud)
        with story.timed("sam deploy --config-env local"):
            account = Account(stack.deploy(cloud))
        for scene in SCENES:
            story.begin(scene.title)
            scene.play(story, account)
    story.begin("The local cloud has ended; nothing of it is left")


if __name__ == "__main__":
    sys.exit(main())
