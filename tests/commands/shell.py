"""Scripts as a shell reads them: which calls of `aws`, `sam` and `make` are in them; none is carried out."""

import re
import shlex
from subprocess import DEVNULL, run

from tests.commands.refusal import NoCommand

PROGRAMS = ("aws", "sam", "make")
# The other programs that the documents call; a name that is neither here nor defined by a script is a mistake.
_OTHERS = {"curl", "git", "less", "sed", "sleep", "tail", "tr"}

# Each program logs its call, and prints an answer if another command takes it. No other program is found.
_STAND_INS = """
PATH=/nonexistent
command_not_found_handle() { echo "not found: $1" >&2; }
# In one piece, because the programs of a pipe write at the same time.
log_call() { local words; printf -v words '%q ' "$@"; printf '%s\\n' "$words" >&2; }
date() { echo 1795500000; }
answer() {
  case "$*" in
    *PolicyArn*) echo arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control ;;
    *PolicyVersion*) echo v1 ;;
    *QueueArn*) echo arn:aws:sqs:us-east-1:111122223333:a-queue ;;
    *Queue\\'*) echo https://sqs.us-east-1.amazonaws.com/111122223333/a-queue ;;
    *LogGroup\\'*) echo /aws/lambda/a-log-group ;;
    *BucketName\\'*) echo a-bucket ;;
    *ParameterKey*) echo ParameterKey=DryRun,UsePreviousValue=true ;;
  esac
}
""" + "".join(f'{program}() {{ log_call {program} "$@"; answer "$@"; }}\n' for program in PROGRAMS)


def calls_in(script: str) -> list[list[str]]:
    """Return the calls of `aws`, `sam` and `make` in a script, as the shell hands them over; raise if it cannot."""
    shell = ["/bin/bash", "-c", f"{_STAND_INS}set -u\n{script}"]
    # From the root no program of the project is found either.
    done = run(shell, env={}, cwd="/", stdin=DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603  # as above
    missing = set(re.findall(r"^not found: (.+)$", done.stderr, re.MULTILINE)) - _OTHERS
    if missing or re.search(r"syntax error|unexpected EOF|unbound variable", done.stderr):
        raise NoCommand([script], done.stderr)
    return [shlex.split(line) for line in done.stderr.splitlines() if line.startswith(PROGRAMS)]
