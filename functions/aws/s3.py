"""The bucket with an audit report of each run, in which nothing is overwritten, and ops' bucket of mail templates."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client


class ReportBucket:
    """Stores files under the day and time of their run."""

    PERMISSIONS = ("s3:PutObject",)

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def keep(self, at: "datetime", *, table: str, page: str) -> str:
        """Store the table (CSV) and the page (HTML); return the page's key, such as `reports/2026/11/24/090003Z.html`.

        S3 checks that it stores what was sent (the client adds a checksum), and encrypts it.
        """
        key = f"reports/{at:%Y/%m/%d/%H%M%SZ}"
        # With a byte order mark, Excel also reads the table as UTF-8.
        self._put(f"{key}.csv", table.encode("utf-8-sig"), "text/csv; charset=utf-8")
        self._put(f"{key}.html", page.encode(), "text/html; charset=utf-8")
        return f"{key}.html"

    def _put(self, key: str, body: bytes, kind: str) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=body, ContentType=kind)


class TemplatesUnreadable(RuntimeError):
    """S3 gave no templates; the message is its reason."""


class TemplateBucket:
    """The mail templates that ops keep; `location` is the bucket, or the bucket and a prefix: `bucket/prefix`."""

    PERMISSIONS = ("s3:GetObject",)

    def __init__(self, client: "S3Client", location: str) -> None:
        self._client = client
        self.location = location

    def read(self, names: Iterable[str], most: int) -> dict[str, bytes]:
        """Return the templates that are there, at most so many bytes of each and one; raises TemplatesUnreadable.

        Without s3:ListBucket, S3 denies access to a key that does not exist ("GetObject", Amazon S3 API Reference). So
        a template to which it denies access counts as one that is not there, unless it is all of them.
        """
        contents: dict[str, bytes] = {}
        absent = ""
        for name in names:
            try:
                contents[name] = self._get(name, most + 1)
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"AccessDenied", "NoSuchKey"}:
                    raise TemplatesUnreadable(str(error)) from error
                absent = str(error)
            except BotoCoreError as error:
                raise TemplatesUnreadable(str(error)) from error
        if not contents:
            reason = f"no template can be read: {absent}"
            raise TemplatesUnreadable(reason)
        return contents

    def _get(self, name: str, most: int) -> bytes:
        bucket, _, prefix = self.location.partition("/")
        answer = self._client.get_object(Bucket=bucket, Key=f"{prefix}/{name}" if prefix else name)
        return answer["Body"].read(most)
