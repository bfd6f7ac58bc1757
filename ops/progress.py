"""What is being asked, on one line that goes away: thousands of users and a credential report take minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from rich.console import Console

if TYPE_CHECKING:
    from botocore.model import OperationModel

_WAITED_FOR = {"GenerateCredentialReport": "Waiting for IAM's credential report"}


@contextmanager
def progress(session: boto3.Session, said: Console) -> Iterator[None]:
    """Show each call of the clients that the session makes within the block, if somebody looks on."""
    if not said.is_terminal:
        yield
        return
    with said.status("Asking AWS") as status:
        calls = 0

        def show(model: "OperationModel", **_: object) -> None:
            nonlocal calls
            calls += 1
            what = _WAITED_FOR.get(model.name, f"Asking AWS: {model.service_model.service_name} {model.name}")
            status.update(f"{what} (call {calls:,})")

        session.events.register("before-call", show)
        yield
