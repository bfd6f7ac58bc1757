"""One local cloud with one deployed stack for all end-to-end tests; destructive tests deploy their own stack.

- `cloud`: the running local cloud (`local.cloud.Cloud`). `cloud.client("iam")` is a boto3 client, `cloud.environment()`
  is for programs such as sam and aws.
- `stack`: the deployed stack (`local.stack.Stack`): `stack.outputs["PolicyArn"]`, `stack.resources["EnforceRole"]`.
- `account`: the usual actions (`local.account.Account`): create a user with a unique name, wait for the policy, count a
  queue's messages, invoke a function.
- `deploy_another`: `with deploy_another(ExemptTagKey="leave-alone") as account:` is another cloud with a stack of its
  own and these parameters, for tests that delete the stack or change what all users share.

All other tests share one account: they work with their own users and never count all users. Calls to IAM reach the
deployed rules automatically. A function may do only what its role allows. Waiting is bounded (`eventually`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import pytest

from local import stack as stacks
from local.account import Account
from local.start import started

if TYPE_CHECKING:
    from local.cloud import Cloud
    from local.stack import Stack

type DeployAnother = Callable[..., AbstractContextManager[Account]]


@pytest.fixture(scope="session")
def cloud() -> Iterator["Cloud"]:
    with started() as cloud:
        stacks.build(cloud)
        yield cloud


@pytest.fixture(scope="session")
def stack(cloud: "Cloud") -> "Stack":
    return stacks.deploy(cloud)


@pytest.fixture(scope="session")
def account(stack: "Stack") -> Account:
    return Account(stack)


@pytest.fixture
def deploy_another(cloud: "Cloud") -> DeployAnother:
    @contextmanager
    def deployed(**parameters: str) -> Iterator[Account]:
        with started() as another:
            yield Account(stacks.deploy(another, **parameters))

    return deployed
