"""The templates that ops have put in the place of built-in ones: loaded from their bucket, and loaded again later."""

from collections.abc import Mapping
from functools import cache
from time import monotonic

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws import clients
from aws.s3 import TemplateBucket, TemplatesUnreadable
from notify.rendering import BUILT_IN, BrokenTemplate, MailTemplates, template_names

logger = Logger()
metrics = Metrics()

# In seconds. A changed template is used by the first mail after it.
_FRESH = 300

# Far more than any mail needs: Gmail cuts a mail at 102 KiB.
_LARGEST = 100_000


class TemplateStore:
    """The templates of one worker."""

    def __init__(self, bucket: TemplateBucket) -> None:
        self._bucket = bucket
        self._templates = BUILT_IN
        self._loaded_at: float | None = None

    def current(self) -> MailTemplates:
        """Return the templates. If S3 gives none, they are those of before, at first the built-in ones."""
        now = monotonic()
        if self._loaded_at is None or now - self._loaded_at >= _FRESH:
            self._loaded_at = now
            try:
                self._templates = _compiled(self._bucket.read(template_names(), _LARGEST))
            except TemplatesUnreadable as error:
                report(BrokenTemplate(self._bucket.location, None, str(error)))
        return self._templates


@cache
def store_of(location: str) -> TemplateStore:
    """Return the worker's templates of a bucket, or of a bucket and a prefix."""
    return TemplateStore(TemplateBucket(clients.s3(), location))


def report(fault: BrokenTemplate) -> None:
    """Log a fault and count it; the built-in template is used."""
    logger.error("Mail template is broken", template=fault.name, line=fault.line, cause=fault.cause)
    metrics.add_metric("MailTemplatesBroken", MetricUnit.Count, 1)


def _compiled(contents: Mapping[str, bytes]) -> MailTemplates:
    """Return the templates without those that cannot be used, each of which is reported."""
    texts: dict[str, str] = {}
    for name, content in contents.items():
        try:
            texts[name] = _text(name, content)
        except BrokenTemplate as fault:
            report(fault)
    for broken in MailTemplates(texts).broken():
        report(broken)
        texts.pop(broken.name, None)
    logger.info("Mail templates loaded", templates=sorted(texts))
    return MailTemplates(texts)


def _text(name: str, content: bytes) -> str:
    if len(content) > _LARGEST:
        raise BrokenTemplate(name, None, f"it is larger than {_LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenTemplate(name, content[: error.start].count(b"\n") + 1, "it is not UTF-8") from error
