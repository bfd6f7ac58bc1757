"""Runs a local cloud, which you use from a second terminal, until Ctrl-C: `make local`."""

import sys
import time
from typing import NoReturn

from rich.console import Console

from local import processes, start
from local import stack as stacks
from local.account import Account
from local.demo.story import Story
from local.mailbox import Mailbox

_HOW_TO_PLAY = """
The stack is deployed, and everything below works until Ctrl-C. In a second terminal, in this folder:

  unset AWS_PROFILE AWS_SESSION_TOKEN
  {exports}
  export PATH="$PWD/.venv/bin:$PWD/.venv-sam/bin:$PATH"

A user is enforced, an exempt one is left alone, and a detached policy comes back:

  aws iam create-user --user-name alice --tags Key=email,Value=alice@example.com
  aws iam list-attached-user-policies --user-name alice    # a second later the policy is there
  aws iam create-user --user-name backup --tags Key=mfa-exempt,Value="nightly backup job"
  aws iam list-attached-user-policies --user-name backup
  aws iam detach-user-policy --user-name alice --policy-arn {policy}

Users get mails, which you can read here:

  aws iam create-login-profile --user-name alice --password Correct-Horse-7
  curl -s {endpoint}/_ministack/ses/messages

Run now what the schedules run:

  sam remote invoke ReconcileFunction --parameter InvocationType=Event --event '{{"action": "reconcile"}}'
  sam remote invoke RemindFunction --parameter InvocationType=Event --event '{{"action": "remind"}}'

Check the deployment, see who has MFA, list the outputs, and follow the log:

  make doctor
  make report    # writes mfa-report.html
  aws cloudformation describe-stacks --query 'Stacks[].Outputs[].[OutputKey, OutputValue]' --output table
  tail -f {log}
"""


_STATUSES = """\
  0    it was ended with Ctrl-C
  1    it could not be started"""


def main(arguments: list[str] | None = None) -> int:
    """Keep the local cloud running; return the program's exit status."""
    start.arguments("local.playground", __doc__, _STATUSES).parse_args(arguments)
    console = Console(highlight=False)
    try:
        processes.end_on_termination()
        play(Story(console))
    except KeyboardInterrupt:
        console.print("\nThe local cloud has ended; nothing of it is left.")
        return 0
    except (start.InvalidPort, start.PortTaken, start.NotStarted, processes.ProgramFailed) as error:
        console.print(f"\n{error}", style="red", markup=False)
        return 1


def play(story: Story) -> NoReturn:
    """Deploy, print the instructions, and wait until interrupted."""
    with start.started(start.chosen_port()) as cloud:
        with story.timed("sam build"):
            stacks.build(cloud)
        with story.timed("sam deploy --config-env local"):
            account = Account(stacks.deploy(cloud))
        Mailbox(cloud).allow_sender(account.stack.parameters["SenderEmail"])
        story.console.print(how_to_play(account.stack, account.policy_arn), markup=False, soft_wrap=True)
        while True:
            time.sleep(3600)


def how_to_play(stack: stacks.Stack, policy_arn: str) -> str:
    """Return the instructions for a second terminal, with commands that can be copied."""
    cloud = stack.cloud
    return _HOW_TO_PLAY.format(
        exports="\n  ".join(f"export {name}={value}" for name, value in cloud.credentials.items()),
        policy=policy_arn,
        endpoint=cloud.endpoint,
        log=cloud.log,
    )


if __name__ == "__main__":
    sys.exit(main())
