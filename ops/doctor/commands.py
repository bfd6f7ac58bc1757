"""The commands that repair a fault or show more of it, quoted for a shell, for one stack in one Region."""

import shlex
from dataclasses import dataclass

# A change set resets each parameter that it does not name to its default. This names all, and keeps their values.
_KEEP_VALUES = "Stacks[0].Parameters[].join('', ['ParameterKey=', ParameterKey, ',UsePreviousValue=true'])"


def _joined(*words: str) -> str:
    """Join words for a shell; a word with single quotes gets double quotes, if they keep every character of it."""
    return " ".join(
        shlex.quote(word) if "'" not in word or set(word) & set('"$`\\!') else f'"{word}"' for word in words
    )


def noted(command: str, note: str) -> str:
    """Return a command with a note for the reader, which a shell takes for a comment."""
    return f"{command}  # {note}"


@dataclass(frozen=True, slots=True)
class Commands:
    """Writes commands for a stack."""

    region: str
    stack_name: str

    @property
    def _stack_options(self) -> list[str]:
        return ["--region", self.region, "--stack-name", self.stack_name]

    def aws(self, operation: str, *flags: str, **options: str) -> str:
        """Return a call of the AWS CLI in the stack's Region, with its options named as Python names them."""
        named = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        return _joined("aws", *operation.split(), "--region", self.region, *named, *flags)

    def doctor(self) -> str:
        """Return the command that runs the doctor again."""
        return _joined("make", "doctor", f"REGION={self.region}", f"STACK={self.stack_name}")

    def deploy(self, *parameters: str) -> str:
        """Return the deployment of the stack, with new values for some parameters.

        It repairs nothing that was changed by hand: CloudFormation updates the resources whose template or parameters
        differ from the last deployment ("Using drift-aware change sets").
        """
        overrides = ["--parameter-overrides", *parameters] if parameters else []
        return _joined("sam", "deploy", *self._stack_options, *overrides)

    def invoke(self, function: str, event: str) -> str:
        """Return the asynchronous call of a function; SAM repeats a synchronous one that has not ended in a minute."""
        options = ["--parameter", "InvocationType=Event", "--event", event]
        return _joined("sam", "remote", "invoke", function, *self._stack_options, *options)

    def logs(self, function: str) -> str:
        """Return the command that follows the log of a function."""
        return _joined("sam", "logs", *self._stack_options, "--name", function, "--tail")

    def stack_events(self) -> str:
        """Return the command that lists the events of the stack."""
        return self.aws("cloudformation describe-stack-events", stack_name=self.stack_name)

    def revert_drift(self) -> str:
        """Return the change set that creates deleted resources again and resets changed ones to the template.

        It compares the template with the resources in the account ("Using drift-aware change sets"); a deployment
        compares it with the last template only.
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
        values = self.aws(
            "cloudformation describe-stacks", stack_name=self.stack_name, query=_KEEP_VALUES, output="text"
        )
        execute = self.aws("cloudformation execute-change-set", **change_set)
        return noted(f"{create} $({values})", f"check its changes in the console, then: {execute}")
