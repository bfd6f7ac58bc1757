"""The bucket with an audit report of each run; this code never overwrites or deletes a report."""

from typing import TYPE_CHECKING

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
