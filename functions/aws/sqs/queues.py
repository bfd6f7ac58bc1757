"""The queues between functions."""

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from domain.enforcement.enforcement_message import EnforcementMessage
    from domain.enforcement.release_request import ReleaseRequest
    from domain.enrolment.window_request import WindowRequest
    from domain.reminders.message import ReminderMessage

type MailMessage = ReminderMessage | EnforcementMessage

# "SendMessageBatch" in the Amazon SQS API Reference: ten messages at once, each of which may fail alone.
_BATCH = 10
_TRIES = 3
# IAM is eventually consistent ("Troubleshoot IAM").
_SHOWN_WITHIN_SECONDS = 10


class QueueRefused(RuntimeError):
    """The queue did not accept every message; `queued` are those that it accepted."""

    def __init__(self, queued: Sequence[MailMessage], codes: Iterable[str]) -> None:
        super().__init__(f"the queue refused messages: {', '.join(sorted(set(codes)))}")
        self.queued = tuple(queued)


class MailQueue:
    """Queues mails for `notify`."""

    PERMISSIONS = ("sqs:SendMessage",)

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send_later(self, message: MailMessage) -> None:
        """Queue a message about a change that follows at once: `notify` gets it when IAM shows the change."""
        self._client.send_message(QueueUrl=self._url, MessageBody=message.to_json(), DelaySeconds=_SHOWN_WITHIN_SECONDS)

    def send(self, messages: Sequence[MailMessage]) -> tuple[MailMessage, ...]:
        """Queue all messages and return them; raises QueueRefused.

        A refused message does not stop the others; a queue that does not answer at all does.
        """
        queued: list[MailMessage] = []
        codes: list[str] = []
        for batch in batched(messages, _BATCH, strict=False):
            try:
                refused = self._send(dict(enumerate(batch)))
            except (ClientError, BotoCoreError) as error:
                raise QueueRefused(queued, [*codes, str(error)]) from error
            queued.extend(message for number, message in enumerate(batch) if number not in refused)
            codes.extend(refused.values())
        if codes:
            raise QueueRefused(queued, codes)
        return tuple(queued)

    def _send(self, batch: dict[int, MailMessage]) -> dict[int, str]:
        """Send ten messages and retry those that failed; return the error codes of the ones that still fail."""
        refused: dict[int, str] = {}
        left = batch
        for _ in range(_TRIES):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(number), "MessageBody": message.to_json()} for number, message in left.items()],
            )
            refused = {int(failure["Id"]): failure["Code"] for failure in answer.get("Failed", [])}
            left = {number: batch[number] for number in refused}
            if not left:
                break
        return refused


class ReleaseQueue:
    """Requests releases: neither `enforce` nor `reconcile` may detach anything."""

    PERMISSIONS = ("sqs:SendMessage",)

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def ask(self, request: "ReleaseRequest") -> None:
        """Queue a request."""
        self._client.send_message(QueueUrl=self._url, MessageBody=request.to_json())


class WindowQueue:
    """Requests that a user is closed or reopened: `remind` may change no user."""

    PERMISSIONS = ("sqs:SendMessage",)

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def ask(self, request: "WindowRequest") -> None:
        """Queue a request."""
        self._client.send_message(QueueUrl=self._url, MessageBody=request.to_json())
