"""Shows the current AWS call on one line of the terminal, because a large account takes minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from rich.console import Console

if TYPE_CHECKING:
    from botocore.model import OperationModel

_WAITS = {"GenerateCredentialReport": "Waiting for IAM's credential report"}


@contextmanager
def progress(session: boto3.Session, stderr: Console) -> Iterator[None]:
    """Show each call of the clients that the session makes within the block, if a terminal shows stderr."""
    if not stderr.is_terminal:
        yield
        return
    with stderr.status("Calling AWS") as status:
        calls = 0

        def show(model: "OperationModel", **_: object) -> None:
            nonlocal calls
            calls += 1
            text = _WAITS.get(model.name, f"Calling AWS: {model.service_model.service_name} {model.name}")
            status.update(f"{text} (call {calls:,})")

        session.events.register("before-call", show)
        yield
