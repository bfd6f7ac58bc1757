"""The commands of the documents work, one after the other, on what is deployed."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import TYPE_CHECKING

import pytest

from local import stack as stacks
from local.account import Account
from local.start import started
from tests.commands.documents import DOCUMENTS, ROOT, blocks_of, definitions

if TYPE_CHECKING:
    from local.cloud import Cloud

# Other tests run these: what they build, deploy and delete would take minutes here.
_PLAYED_ELSEWHERE = ("make", "sam build", "sam deploy", "sam delete", "git")

# The local cloud has no answer to these; tests/infrastructure/test_commands.py reads them as their programs do.
_NOT_ANSWERED = (
    "aws iam set-default-policy-version",
    "aws sqs start-message-move-task",
    "aws sqs list-message-move-tasks",
    "aws cloudformation wait change-set-create-complete --stack-name mfa-enforcer --change-set-name put-back",
    "aws cloudformation execute-change-set --stack-name mfa-enforcer --change-set-name put-back",
    "aws ssm",
    # Only AWS CLI 2 has it, and only AWS CLI 1 can be installed here.
    "aws configure mfa-login",
    # The role and the policy are examples.
    "aws iam put-role-policy --role-name the-role",
    "aws iam delete-policy --policy-arn arn:aws:iam::111122223333:policy/mfa-enforcer/the-old-name",
    # A stack takes it only while it is stuck, and the trail is an example.
    "aws cloudformation continue-update-rollback",
    "aws cloudtrail delete-trail --name arn:aws:cloudtrail:us-east-1:111122223333:trail/the-trail",
)

# Each program is called as the document says, and logs how it failed. The same call is made once: its
# output is printed again. AWS CLI 1 calls SQS at an address of its own unless the option names another. What follows a
# log ends with the time that it gets, and the wait of a minute as soon as the policy is attached.
_PROGRAMS = """
play() {
  local words printed status=0 limit=60
  printf -v words '%q ' "$@"
  case "$words" in LEFT_OUT) return ;; *--tail*) limit=8 ;; esac
  printed="printed-$(cksum <<< "$words" | tr ' ' '-')"
  if [ ! -e "$printed" ]; then
    [ "$1" = aws ] && set -- aws --endpoint-url "$AWS_ENDPOINT_URL" "${@:2}"
    timeout "$limit" "$@" > "$printed" 2> error < /dev/null || status=$?
    case "$status $limit" in
      "0 60" | "124 8") ;;
      *) printf '%s(%s): %s\\n' "$words" "$status" "$(< error)" >> failed ;;
    esac
  fi
  cat "$printed"
}
for program in aws sam make git; do eval "$program() { play $program \\"\\$@\\"; }"; done
sleep() {
  local try
  for try in {1..100}; do
    command aws iam list-attached-user-policies --user-name mfa-smoke-test | grep -q PolicyArn && return
    command sleep 0.2
  done
}
"""


@pytest.fixture(scope="module")
def deployed(cloud: "Cloud") -> Iterator[Account]:
    """Return an account whose stack these tests may change; `cloud` has built the package."""
    with started() as another:
        # As long as on AWS: the commands that delete a user detach the policy first.
        yield Account(stacks.deploy(another, ChangeDelaySeconds="120"))


@pytest.mark.parametrize(
    "document", [each for each in DOCUMENTS if blocks_of(each)], ids=lambda path: str(path.relative_to(ROOT))
)
def test_commands(document: Path, deployed: Account, tmp_path: Path) -> None:
    """The local cloud answers each command of a document."""
    (tmp_path / "events").symlink_to(ROOT / "events")
    for block in blocks_of(document):
        play(definitions(document) + with_users(block, deployed), deployed, tmp_path)

    failed = tmp_path / "failed"
    assert not failed.exists(), failed.read_text()


def play(script: str, account: Account, folder: Path) -> None:
    left_out = "|".join(f"{shlex.quote(words)}*" for words in (*_PLAYED_ELSEWHERE, *_NOT_ANSWERED))
    run(  # noqa: S603  # the documents' own commands
        ["/bin/bash", "-c", _PROGRAMS.replace("LEFT_OUT", left_out) + script],
        cwd=folder,
        env=account.stack.cloud.environment(),
        timeout=300,
        capture_output=True,
        check=False,
    )


def with_users(block: str, account: Account) -> str:
    """Return a block with an enforced user in the place of each name that stands for one."""
    for name in ("the-user", "ci-deploy", "on-loan"):
        if name in block:
            user = account.create_user()
            account.wait_until_enforced(user)
            device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-phone")
            serial = device["VirtualMFADevice"]["SerialNumber"]
            account.iam.enable_mfa_device(
                UserName=user, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
            )
            block = block.replace(name, user).replace("arn:aws:iam::111122223333:mfa/the-device", serial)
    return block
