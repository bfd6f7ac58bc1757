"""Links from the digest to the consoles of AWS."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of the run's report, None if the run keeps none, and of the dashboard."""

    report: str | None = None
    dashboard: str | None = None


@dataclass(frozen=True, slots=True)
class Console:
    """The console of one partition and Region. In GovCloud, one host is for both Regions."""

    partition: str
    region: str

    @classmethod
    def of(cls, arn: str) -> "Console":
        """Return the console that shows a resource of a Region."""
        _, partition, _, region, _ = arn.split(":", 4)
        return cls(partition, region)

    @property
    def _host(self) -> str:
        """Return the host ("Accessing the AWS GovCloud (US) Regions" names that of GovCloud)."""
        is_govcloud = self.partition == "aws-us-gov"
        return "console.amazonaws-us-gov.com" if is_govcloud else f"{self.region}.console.aws.amazon.com"

    def object_url(self, bucket: str, key: str) -> str:
        """Return the page of an object in a bucket."""
        return f"https://{self._host}/s3/object/{bucket}?region={self.region}&prefix={key}"

    def dashboard_url(self, name: str) -> str:
        """Return the page of a CloudWatch dashboard."""
        return f"https://{self._host}/cloudwatch/home?region={self.region}#dashboards/dashboard/{name}"
