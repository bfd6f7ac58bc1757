"""`python -m local.playground`: a local cloud to play with from a second terminal, until Ctrl-C."""

import sys
import time
from typing import NoReturn

from rich.console import Console

from local import processes, stack, start
from local.account import Account
from local.demo.story import Story

_HOW_TO_PLAY = """
The stack is deployed, and everything below works until Ctrl-C. In a second terminal, in this folder:

  unset AWS_PROFILE AWS_SESSION_TOKEN
  {exports}
  export PATH="$PWD/.venv/bin:$PWD/.venv-sam/bin:$PATH"

  aws iam create-user --user-name alice
  aws iam list-attached-user-policies --user-name alice    # a second later the policy is there
  aws iam create-user --user-name backup --tags Key=mfa-exempt,Value="nightly backup job"
  aws iam list-attached-user-policies --user-name backup   # left alone

  sam remote invoke EnforceFunction --stack-name {stack} --event-file events/enforce_batch_of_two.json
  aws cloudformation describe-stacks --query 'Stacks[].Outputs' --output table

What the functions log: tail -f {log}
"""


def main() -> int:
    """Keep the local cloud running; return the program's exit status."""
    console = Console(highlight=False)
    try:
        processes.end_on_termination()
        play(Story(console))
    except KeyboardInterrupt:
        console.print("\nThe local cloud has ended; nothing of it is left.")
        return 0
    except (start.PortTaken, start.NotStarted, processes.ProgramFailed) as error:
        console.print(f"\n{error}", style="red", markup=False)
        return 1


def play(story: Story) -> NoReturn:
    """Deploy, say how to play, and wait; only an interruption ends it."""
    with start.started(start.chosen_port()) as cloud:
        with story.timed("sam build"):
            stack.build(cloud)
        with story.timed("sam deploy --config-env local"):
            account = Account(stack.deploy(cloud))
        exports = "\n  ".join(f"export {name}={value}" for name, value in cloud.credentials.items())
        text = _HOW_TO_PLAY.format(exports=exports, stack=account.stack.name, log=cloud.log)
        story.console.print(text, markup=False, soft_wrap=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main())
