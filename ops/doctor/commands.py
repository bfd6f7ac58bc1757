"""The commands that mend, as they can be copied into a shell: for one stack in one Region."""

import shlex
from dataclasses import dataclass

# Each parameter with the wish to keep its value: for those that it does not name, a change set takes the defaults.
_KEEP = "Stacks[0].Parameters[].join('', ['ParameterKey=', ParameterKey, ',UsePreviousValue=true'])"


def noted(command: str, note: str) -> str:
    """Return a command with a word to people behind it, which the shell passes over."""
    return f"{command}  # {note}"


@dataclass(frozen=True, slots=True)
class Commands:
    """Writes commands; each argument is quoted where the shell needs it."""

    region: str
    stack_name: str

    @property
    def _which(self) -> list[str]:
        return ["--region", self.region, "--stack-name", self.stack_name]

    def aws(self, operation: str, *flags: str, **options: str) -> str:
        """Return a call of the AWS CLI in the stack's Region, with its options named as Python names them."""
        named = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        return shlex.join(["aws", *operation.split(), "--region", self.region, *named, *flags])

    def doctor(self) -> str:
        """Return the call of the doctor that asks again."""
        return shlex.join(["make", "doctor", f"REGION={self.region}", f"STACK={self.stack_name}"])

    def deploy(self, *parameters: str) -> str:
        """Return the deployment of the stack, with other values for some parameters."""
        changed = ["--parameter-overrides", *parameters] if parameters else []
        return shlex.join(["sam", "deploy", *self._which, *changed])

    def invoke(self, function: str, event: str) -> str:
        """Return the call of a function that waits for no answer: SAM asks again every minute if none comes."""
        asked = ["--parameter", "InvocationType=Event", "--event", event]
        return shlex.join(["sam", "remote", "invoke", function, *self._which, *asked])

    def logs(self, function: str) -> str:
        """Return what shows the log of a function as it is written."""
        return shlex.join(["sam", "logs", *self._which, "--name", function, "--tail"])

    def events(self) -> str:
        """Return what shows what happened to the stack."""
        return self.aws("cloudformation describe-stack-events", stack_name=self.stack_name)

    def put_back(self) -> str:
        """Return what makes again, as the template has it, whatever somebody has deleted or changed by hand.

        A deployment does not: it compares templates. A drift-aware change set compares the template with what there is
        ("Using drift-aware change sets").
        """
        change_set = {"stack_name": self.stack_name, "change_set_name": "put-back"}
        create = self.aws(
            "cloudformation create-change-set",
            "--use-previous-template",
            "--parameters",
            **change_set,
            deployment_mode="REVERT_DRIFT",
            capabilities="CAPABILITY_NAMED_IAM",
        )
        kept = self.aws("cloudformation describe-stacks", stack_name=self.stack_name, query=_KEEP, output="text")
        execute = self.aws("cloudformation execute-change-set", **change_set)
        return noted(f"{create} $({kept})", f"look at it in the console, then: {execute}")
