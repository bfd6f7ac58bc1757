"""The queue on which `release` is asked to let somebody go."""

from typing import TYPE_CHECKING

from domain.release_requests import ReleaseRequest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class ReleaseQueue:
    """Asks for releases: neither `enforce` nor `reconcile` may detach anything."""

    PERMISSIONS = ("sqs:SendMessage",)

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def ask(self, request: ReleaseRequest) -> None:
        """Queue a request."""
        self._client.send_message(QueueUrl=self._url, MessageBody=request.to_json())
